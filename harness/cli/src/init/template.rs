//! Templates for CI systems, as the project keeps them under `ci/`, with the scenario's path put in.

use clap::ValueEnum;

/// A CI system that there is a template for.
#[derive(Copy, Clone, Eq, PartialEq, Debug, ValueEnum)]
pub enum Ci {
    Github,
    Gitlab,
}

/// One template.
struct Template {
    text: &'static str,
    /// Where the CI system, or who includes it, looks for it.
    file: &'static str,
    /// The line of it that names scenarios, up to the value.
    scenarios: &'static str,
    next: &'static str,
}

impl Ci {
    fn template(self) -> Template {
        match self {
            Ci::Github => Template {
                text: include_str!("../../../../ci/github-actions.yaml"),
                file: ".github/workflows/ackproof.yaml",
                scenarios: "  SCENARIOS: ",
                next: "commit it: the job runs with the next pull request",
            },
            Ci::Gitlab => Template {
                text: include_str!("../../../../ci/gitlab-ci.yaml"),
                file: ".gitlab/ackproof.yaml",
                scenarios: "  SCENARIOS: ",
                next: "write `include: { local: .gitlab/ackproof.yaml }` in .gitlab-ci.yml, and commit both",
            },
        }
    }

    /// Where it goes, from the root of the repository.
    pub fn file(self) -> &'static str {
        self.template().file
    }

    /// What is left to do.
    pub fn next(self) -> &'static str {
        self.template().next
    }

    /// The template for one scenario; `None` when it has no line for it, which is a mistake of ours.
    pub fn text(self, scenario: &str) -> Option<String> {
        let template = self.template();
        let mut found = false;
        let lines = template.text.lines().map(|line| {
            if line.starts_with(template.scenarios) && !found {
                found = true;
                format!("{}{scenario}", template.scenarios)
            } else {
                line.to_owned()
            }
        });
        let text: Vec<String> = lines.collect();
        found.then(|| text.join("\n") + "\n")
    }
}
