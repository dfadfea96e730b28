(() => {
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((part, i) => part * a + under[i] * (1 - a));
  const light = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = colour => 0.2126 * light(colour[0]) + 0.7152 * light(colour[1]) + 0.0722 * light(colour[2]);
  const ratio = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  // The worst of what may be behind an element: a gradient has several colours.
  const behind = element => {
    const chain = [];
    for (let it = element; it; it = it.parentElement) chain.unshift(getComputedStyle(it));
    return chain.reduce((unders, style) => {
      const stripes = style.backgroundImage.match(/rgba?\([^)]*\)/g);
      const colours = stripes ? stripes.map(parse) : [parse(style.backgroundColor)];
      return unders.flatMap(under => colours.map(colour => over(colour, under)));
    }, [[255, 255, 255]]);
  };
  const low = [];
  let looked = 0;
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || ["STYLE", "SCRIPT", "title"].includes(element.tagName) || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const drawn = element.namespaceURI.endsWith("svg");
    const colour = parse(drawn ? style.fill : style.color);
    // Lettering in a drawing has a rim of the colour of the paper.
    const grounds = behind(drawn ? element.ownerSVGElement : element);
    const size = parseFloat(style.fontSize), bold = style.fontWeight >= 600;
    const wanted = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const opacity = Number(style.opacity);
    const worst = Math.min(...grounds.map(ground => ratio(over([...colour.slice(0, 3), opacity], ground), ground)));
    looked += 1;
    if (worst < wanted) {
      low.push(`${element.tagName}.${element.className.baseVal ?? element.className} "${element.textContent.trim().slice(0, 30)}" ${worst.toFixed(2)}`);
    }
  }
  return { low, looked };
})()
