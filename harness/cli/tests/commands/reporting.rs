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
