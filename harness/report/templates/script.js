"use strict";
(() => {
  const panels = [...document.querySelectorAll(".panel")];
  const cells = [...document.querySelectorAll("a.cell")];
  if (!panels.length) return;
  const named = hash => {
    let id = hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* not an address of ours */ }
    return panels.find(panel => panel.id === id);
  };
  const select = panel => {
    for (const other of panels) other.hidden = other !== panel;
    for (const cell of cells) {
      if (cell.hash === "#" + panel.id) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    }
  };
  const go = () => {
    const panel = named(location.hash);
    if (!panel) return;
    select(panel);
    panel.scrollIntoView();
    panel.focus({ preventScroll: true });
  };
  document.documentElement.classList.add("scripted");
  select(named("#" + document.body.dataset.selected) || panels[0]);
  go();
  addEventListener("hashchange", go);

  // The cell that is shown already is gone to again, though its address does not change.
  document.querySelector("main").addEventListener("click", event => {
    const link = event.target.closest("a.cell");
    if (link && link.hash === location.hash) go();
  });

  // Arrow keys walk through the matrix.
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.querySelector(".heat")?.addEventListener("keydown", event => {
    const step = steps[event.key], at = event.target.closest("td");
    if (!step || !at) return;
    const row = at.parentElement.parentElement.rows[at.parentElement.rowIndex - 1 + step[0]];
    const next = row?.cells[at.cellIndex + step[1]]?.querySelector("a.cell");
    if (next) { event.preventDefault(); next.focus(); }
  });

  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const command = button.previousElementSibling;
      let told = "copied";
      try {
        await navigator.clipboard.writeText(command.textContent);
      } catch {
        // Where a page may not write to the clipboard, the command is at least marked.
        getSelection().selectAllChildren(command);
        told = "marked";
      }
      button.textContent = told;
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  }
})();
