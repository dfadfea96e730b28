//! `report`: what is there already, in another form.

use snapbox::IntoData;

use crate::workplace::Workplace;

#[test]
fn a_report_is_what_the_run_printed_in_each_form() {
    let place = Workplace::orders();
    for format in ["text", "markdown", "json"] {
        let ran = place.run(&["run", "orders.yaml", "--format", format]).ended(0);
        let folder = place.newest("orders");
        let report = place.run(&["report", &folder, "--format", format]).ended(0);
        snapbox::assert_data_eq!(&report.out, ran.out.raw());
        // The folder of the scenario stands for its newest run; beside `-o`, nothing is printed.
        assert_eq!(place.run(&["report", "results/orders", "--format", format, "-o", "page"]).ended(0).out, "");
        snapbox::assert_data_eq!(place.read("page"), report.out.raw());
    }
}

#[test]
fn what_cannot_be_reported_is_said_with_its_place() {
    let place = Workplace::orders();
    place.run(&["report", "results/orders"]).ended(2).says("results/orders: no results here");
    place.run(&["run", "orders.yaml"]).ended(0);
    let folder = place.newest("orders");
    place.run(&["report", &folder, "-o", "missing/page"]).ended(2).says("cannot write missing/page");
    place.run(&["report", &folder, "--format", "pdf"]).ended(2).says("[possible values: text, markdown, json");
    let summary = format!("{folder}/summary.json");
    let text = place.read(&summary);
    place.write(&summary, &text[..text.len() / 2]);
    place.run(&["report", &folder]).ended(2).says(&format!("{summary}:")).says("not a result of this program");
    place.write(&summary, text.replacen("\"v\": 1", "\"v\": 7", 1));
    place.run(&["report", &folder]).ended(2).says("written in version 7 of the format; this program reads version 1");
    std::fs::remove_file(place.path(&summary)).expect("it can be removed");
    place.run(&["report", &folder]).ended(3).says("the sweep has not ended").says("run the same command again");
}

/// Everything below a folder but the page itself, into another folder.
fn copy(place: &Workplace, from: &str, to: &str) {
    for file in place.files(from).iter().filter(|file| !file.ends_with("report.html")) {
        let target = place.path(&file.replacen(from, to, 1));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder can be made");
        std::fs::copy(place.path(file), target).expect("a file can be copied");
    }
}

#[test]
fn every_run_leaves_its_page_and_a_copied_folder_gives_the_same() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let folder = place.newest("orders");
    let page = place.read(&format!("{folder}/report.html"));
    assert!(page.contains("id=\"r1-f2-leader-cut-off\"") && page.ends_with("</html>\n"), "{page}");
    snapbox::assert_data_eq!(place.run(&["report", &folder, "--format", "html"]).ended(0).out, page.clone().raw());
    copy(&place, &folder, "elsewhere");
    snapbox::assert_data_eq!(place.run(&["report", "elsewhere", "--format", "html"]).ended(0).out, page.raw());
}

#[test]
fn the_page_shows_the_failing_run_and_its_commands_work_as_they_stand() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let page = place.read(&format!("{}/report.html", place.newest("orders"))).replace("&#x2f;", "/");
    for wanted in
        [" lost: acknowledged, never consumed", "TRUNCATES", "told: ACKED", "acknowledged and lost in the broker"]
    {
        assert!(page.contains(wanted), "{wanted} is not on the page");
    }
    let commands: Vec<Vec<&str>> = page
        .split("<code class=\"command\">ackproof ")
        .skip(1)
        .map(|rest| rest.split_once("</code>").expect("the end of a command").0.split(' ').collect())
        .collect();
    // Two for each of the three cells that hold, and three where a message is lost.
    assert_eq!(commands.len(), 9, "{commands:?}");
    for command in commands {
        let ran = place.run(&command).ended(0);
        if command[0] == "replay" && !command.contains(&"--set") {
            ran.says("identical: the history has the digest");
        }
    }
}

#[test]
fn what_the_user_wrote_stays_text_on_the_page() {
    let place = Workplace::orders();
    let evil = "<script>alert(1)</script>";
    let text = place
        .read("orders.yaml")
        .replace("Does acks=all", evil)
        .replace("config:\n", "cluster: { racks: ['\"><img src=x onerror=alert(2)>', r2] }\nconfig:\n");
    place.write("orders.yaml", text);
    place.run(&["run", "orders.yaml"]).ended(0);
    let page = place.read(&format!("{}/report.html", place.newest("orders")));
    assert!(!page.contains(evil) && page.contains("&lt;script&gt;alert(1)"), "the title is not escaped");
    assert!(!page.contains("<img") && page.contains("&lt;img src=x"), "the setting is not escaped");
}

/// The scenario of this repository with the most cells, and the one with the most messages of all kinds.
#[test]
fn pages_of_the_largest_scenarios_here_stay_below_a_megabyte() {
    let place = Workplace::orders();
    for name in ["producer-gives-up", "acks-and-min-isr", "consumer-commits"] {
        let file = format!("{}/../../scenarios/kafka/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        place.run(&["run", &file, "--runs", "4", "--verify", "0%"]);
        let page = place.read(&format!("{}/report.html", place.newest(name)));
        assert!((50_000..1_000_000).contains(&page.len()), "the page of {name} has {} bytes", page.len());
    }
}

#[test]
fn an_exhibit_that_was_cut_off_is_named_and_one_of_another_run_is_not_shown() {
    let place = Workplace::orders();
    place.run(&["run", "orders.yaml"]).ended(0);
    let folder = place.newest("orders");
    let exhibit = format!("{folder}/exhibits/r1-f2-leader-cut-off.json");
    let text = place.read(&exhibit);
    let seed = text.split_once("\"seed\":").expect("a seed").1.split_once(',').expect("more").0;
    place.write(&exhibit, text.replacen(&format!("\"seed\":{seed}"), "\"seed\":999999", 1));
    place.run(&["report", &folder, "--format", "html"]).ended(0).says("The picture of it was not kept");
    place.write(&exhibit, &text[..text.len() / 2]);
    place.run(&["report", &folder, "--format", "html"]).ended(2).says(&exhibit).says("not a result of this program");
}
