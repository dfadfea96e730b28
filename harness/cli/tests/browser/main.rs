//! The page in a real browser: it is clicked, read without scripts, printed, and measured for contrast.
//!
//! Needs a Chromium: the one that `ACKPROOF_BROWSER` names, or else the first on the path. Where neither is there the
//! tests are shown as ignored; `.ci/run` installs one and names it, and a browser that is named has to be there.

mod chromium;
#[allow(dead_code)]
#[path = "../commands/workplace.rs"]
mod workplace;

use std::path::PathBuf;

use chromium::Page;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;
use workplace::Workplace;

type Test = fn(&mut Page, &str);

const TESTS: [(&str, Test); 8] = [
    ("a_click_on_a_cell_shows_its_diagram_and_nothing_else", a_click_on_a_cell_shows_its_diagram_and_nothing_else),
    ("an_address_with_a_cell_opens_that_cell", an_address_with_a_cell_opens_that_cell),
    ("the_matrix_is_walked_by_keys", the_matrix_is_walked_by_keys),
    ("without_scripts_everything_can_be_read", without_scripts_everything_can_be_read),
    ("the_cost_is_chosen_with_and_without_scripts", the_cost_is_chosen_with_and_without_scripts),
    ("a_command_is_copied", a_command_is_copied),
    ("text_has_contrast_in_light_and_dark", text_has_contrast_in_light_and_dark),
    ("it_fits_a_telephone_and_a_sheet_of_paper", it_fits_a_telephone_and_a_sheet_of_paper),
];

fn main() {
    let arguments = Arguments::from_args();
    let browser = chromium::find();
    if browser.is_none() {
        eprintln!("no Chromium on the path: the page is not tested in a browser (name one with ACKPROOF_BROWSER)");
    }
    let trials = TESTS.into_iter().map(|(name, test)| {
        let browser = browser.clone();
        let is_ignored = browser.is_none();
        Trial::test(name, move || in_browser(browser, test)).with_ignored_flag(is_ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Runs a test on the page of a fresh sweep whose title is not well-meant.
fn in_browser(browser: Option<PathBuf>, test: Test) -> Result<(), Failed> {
    let browser = browser.ok_or("no Chromium on the path; name one with ACKPROOF_BROWSER")?;
    let place = Workplace::orders();
    let text =
        place.read("orders.yaml").replace("Does acks=all", "<script>window.evil = 1; alert(1)</script> Does acks=all");
    place.write("orders.yaml", text);
    place.run(&["run", "orders.yaml"]).ended(0);
    let page = place.path(&format!("{}/report.html", place.newest("orders")));
    let address = format!("file://{}", page.display());
    let mut page = Page::open(&browser);
    test(&mut page, &address);
    assert_eq!(page.complaints(), [""; 0]);
    assert_eq!(page.ask("typeof window.evil"), "undefined", "a title was run as a script");
    Ok(())
}

/// Ids of the panels that can be seen.
const SEEN: &str = "[...document.querySelectorAll('.panel')].filter(it => it.checkVisibility()).map(it => it.id)";
const LOSING: &str = "r1-f2-leader-cut-off";
const HOLDING: &str = "r2-f2-leader-cut-off";

fn a_click_on_a_cell_shows_its_diagram_and_nothing_else(page: &mut Page, address: &str) {
    page.go(address);
    assert_eq!(page.ask(SEEN), json!([LOSING]), "the first example is open");
    page.click(&format!("a.cell[href='#{HOLDING}']"));
    page.until(SEEN, &json!([HOLDING]));
    assert_eq!(page.ask("location.hash"), format!("#{HOLDING}"));
    assert_eq!(page.ask("document.querySelectorAll('.panel:not([hidden]) .diagram').length"), 0);
    page.click(&format!("a.cell[href='#{LOSING}']"));
    page.until(SEEN, &json!([LOSING]));
    assert_eq!(
        page.ask("[...document.querySelectorAll('a.cell[aria-current]')].map(it => it.hash)"),
        json!([format!("#{LOSING}")])
    );
    let drawn = page.ask(&format!(
        "(() => {{ const box = document.querySelector('#{LOSING} .diagram svg').getBoundingClientRect();
            const text = document.querySelector('#{LOSING} .diagram svg').textContent;
            return box.width > 400 && box.height > 150 && text.includes('TRUNCATES') && text.includes('told: ACKED'); }})()"
    ));
    assert_eq!(drawn, true, "the diagram is not drawn");
    assert_eq!(page.ask("document.activeElement.id"), LOSING, "the keyboard goes along");
}

fn an_address_with_a_cell_opens_that_cell(page: &mut Page, address: &str) {
    page.go(&format!("{address}#{HOLDING}"));
    assert_eq!(page.ask(SEEN), json!([HOLDING]));
    let top = page.ask(&format!("document.getElementById('{HOLDING}').getBoundingClientRect().top"));
    assert!(top.as_f64().is_some_and(|top| (-5.0..900.0).contains(&top)), "it is not in sight: {top}");
    // An address of nothing opens the first example, and one of another part leaves it open.
    for other in ["#r99-f99-nothing", "#settings", "#%"] {
        page.go(&format!("{address}{other}"));
        assert_eq!(page.ask(SEEN), json!([LOSING]), "{other}");
    }
    // Back and forth as in any other page.
    page.go(address);
    page.click(&format!("a.cell[href='#{HOLDING}']"));
    page.until(SEEN, &json!([HOLDING]));
    page.ask("history.back()");
    page.until("location.hash", &json!(""));
    page.ask("history.forward()");
    page.until(SEEN, &json!([HOLDING]));
}

fn the_matrix_is_walked_by_keys(page: &mut Page, address: &str) {
    page.go(address);
    page.ask("document.querySelector('a.cell').focus()");
    page.press("ArrowRight");
    page.press("ArrowDown");
    assert_eq!(page.ask("document.activeElement.hash"), format!("#{HOLDING}"));
    page.press("Enter");
    page.until(SEEN, &json!([HOLDING]));
}

fn without_scripts_everything_can_be_read(page: &mut Page, address: &str) {
    page.scripts(false);
    page.go(address);
    let all = json!(["r1-f1-none", LOSING, "r2-f1-none", HOLDING]);
    assert_eq!(page.ask(SEEN), all);
    assert_eq!(page.ask("document.querySelectorAll('.diagram .scroll svg').length"), 1);
    assert_eq!(page.ask("[...document.querySelectorAll('button')].filter(it => it.checkVisibility()).length"), 0);
    page.click(&format!("a.cell[href='#{HOLDING}']"));
    assert_eq!(page.ask("location.hash"), format!("#{HOLDING}"));
    let answer = page.ask("document.querySelector('h1').textContent");
    assert!(answer.as_str().is_some_and(|answer| answer.starts_with("Only acks=all keeps")), "{answer}");
}

fn the_cost_is_chosen_with_and_without_scripts(page: &mut Page, address: &str) {
    let shown = "[...document.querySelectorAll('.plot')].filter(it => it.checkVisibility()).map(it => it.classList[1])";
    for scripts in [true, false] {
        page.scripts(scripts);
        page.go(address);
        assert_eq!(page.ask(shown), json!(["p0-0"]));
        page.click("label[for=cost-1]");
        page.click("label[for=storm-2]");
        assert_eq!(page.ask(shown), json!(["p1-2"]));
    }
}

fn a_command_is_copied(page: &mut Page, address: &str) {
    page.go(address);
    page.click(&format!("#{LOSING} .copy"));
    let told = format!("['copied', 'marked'].includes(document.querySelector('#{LOSING} .copy').textContent)");
    page.until(&told, &json!(true));
}

/// Every text that can be seen, against what is behind it: at least 4.5 to 1, and 3 to 1 where it is large (WCAG 2, AA).
fn text_has_contrast_in_light_and_dark(page: &mut Page, address: &str) {
    for scheme in ["light", "dark"] {
        page.medium("screen", scheme);
        page.go(address);
        page.ask("document.querySelectorAll('details').forEach(it => { it.open = true; })");
        let low = page.ask(include_str!("contrast.js"));
        assert_eq!(low["low"], json!([]), "{scheme}");
        assert!(low["looked"].as_u64().is_some_and(|looked| looked > 150), "{scheme}: {low}");
        let paper = page.ask("getComputedStyle(document.body).backgroundColor");
        assert_eq!(paper == "rgb(255, 255, 255)", scheme == "light", "{paper}");
    }
}

fn it_fits_a_telephone_and_a_sheet_of_paper(page: &mut Page, address: &str) {
    for width in [360, 800, 1400] {
        page.width(width);
        page.go(address);
        let wide = page.ask("document.documentElement.scrollWidth");
        assert!(wide.as_u64().is_some_and(|wide| wide <= u64::from(width)), "{wide} of {width} pixels");
    }
    page.medium("print", "light");
    page.go(address);
    let buttons = "[...document.querySelectorAll('button, .pick')].filter(it => it.checkVisibility()).length";
    assert_eq!(page.ask(buttons), 0);
    assert_eq!(page.ask(SEEN), json!([LOSING]));
    let printed = page.command("Page.printToPDF", json!({ "printBackground": true }));
    // `%PDF-` in base 64.
    assert!(printed["data"].as_str().is_some_and(|data| data.starts_with("JVBERi0") && data.len() > 20_000));
}
