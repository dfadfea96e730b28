//! What lies under `ci/`, run as the systems would run it: their variables are set as they set them, their commands are
//! stood in for, and the result is that of one `ackproof run`.
#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::shards::same_files;
use crate::workplace::{Ran, Workplace};

const CI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ci");

/// A place where shell commands run as on a machine that has nothing but the program.
struct Machine {
    place: Workplace,
}

impl Machine {
    fn new() -> Machine {
        Machine { place: Workplace::orders() }
    }

    /// With the program and the scripts in `tool/`, as templates hand them from job to job.
    fn with_tool() -> Machine {
        let machine = Machine::new();
        std::fs::create_dir(machine.place.path("tool")).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_ackproof"), machine.place.path("tool/ackproof")).expect("a link");
        for script in ["shard.sh", "merge.sh"] {
            std::fs::copy(format!("{CI}/{script}"), machine.place.path(&format!("tool/{script}")))
                .expect("it is there");
        }
        machine
    }

    /// A command that is found before any other of its name.
    fn stand_in(&self, name: &str, script: &str) {
        std::fs::create_dir_all(self.place.path("bin")).expect("a folder");
        let path = self.place.path(&format!("bin/{name}"));
        std::fs::write(&path, script).expect("it can be written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    }

    fn run(&self, words: &[&str], set: &[(&str, &str)]) -> Ran {
        // The environment is that of any other command here, without what schedulers say.
        let environment = self.place.command(&[]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.place.path("."));
        for (name, value) in environment.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.place.path("bin").display()));
        command.env("ACKPROOF", env!("CARGO_BIN_EXE_ackproof")).env_remove("GITHUB_STEP_SUMMARY");
        command.env("LC_ALL", "C").envs(set.iter().copied());
        Ran::of(command.output().unwrap_or_else(|error| panic!("{words:?}: {error}")))
    }

    /// That the results are those of one `ackproof run`.
    #[track_caller]
    fn has_the_whole_sweep(&self) {
        let whole = Workplace::orders();
        whole.run(&["run", "orders.yaml"]).ended(0);
        same_files(&self.place, &whole, "results");
    }
}

fn script(name: &str) -> String {
    format!("{CI}/{name}")
}

fn yaml(name: &str) -> Vec<Value> {
    use serde::Deserialize;
    let text = std::fs::read_to_string(script(name)).expect("it is there");
    serde_yaml::Deserializer::from_str(&text).map(|part| Value::deserialize(part).expect("YAML")).collect()
}

fn words(value: &Value) -> Vec<String> {
    let items = value.as_sequence().expect("a list");
    items.iter().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn four_shards_by_xargs_and_by_gnu_parallel_are_the_whole_sweep() {
    let is_there = |name: &str| Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
    for runner in ["xargs", "parallel"] {
        if runner == "parallel" && !is_there(runner).is_ok_and(|found| found.status.success()) {
            continue;
        }
        let machine = Machine::new();
        let ran = machine.run(&[&script("local.sh"), "orders.yaml"], &[("RUNNER", runner)]).ended(0);
        (1..=4).for_each(|shard| {
            assert!(ran.err.contains(&format!("shard {shard}/4, from --shard: 8 of 32")), "{}", ran.err)
        });
        machine.has_the_whole_sweep();
    }
    let machine = Machine::new();
    machine.run(&[&script("local.sh"), "orders.yaml"], &[("RUNNER", "snail")]).ended(2).says("not snail");
    machine.run(&[&script("local.sh")], &[]).ended(2).says("usage:");
}

#[test]
fn what_a_shard_could_not_do_is_said_by_the_merge_and_the_rest_is_reported() {
    let machine = Machine::new();
    for shard in ["1/3", "3/3"] {
        machine.run(&[&script("shard.sh"), "orders.yaml"], &[("SHARD", shard), ("JOBS", "1")]).ended(0);
    }
    let ran = machine.run(&[&script("merge.sh")], &[]).ended(3);
    ran.says("shard 2/3 is nowhere: run it with --shard 2/3").says("Incomplete: 21 of 32 runs.");
    machine.run(&[&script("shard.sh"), "gone.yaml"], &[("SHARD", "1/3")]).ended(2).says("gone.yaml");
    machine.run(&[&script("shard.sh")], &[]).ended(2).says("usage:");
}

#[test]
fn a_slurm_array_and_its_merge_are_the_whole_sweep_and_one_task_can_be_submitted_again() {
    let machine = Machine::new();
    // Runs a copy of the script, as Slurm does, once for each task.
    machine.stand_in(
        "sbatch",
        r#"#!/bin/bash
set -eu
for word; do echo "$word" >>sbatch.words; done
while [[ $1 == --* ]]; do
  case $1 in
    --array=*) array=${1#*=} ;;
    --wrap=*) bash -c "${1#*=}" >merge.out 2>merge.err && echo 0 >merge.code || echo $? >merge.code; echo 43; exit ;;
  esac
  shift
done
script=$1; shift
cp "$script" spooled
tasks=${array/-/ }
[[ $array == *-* ]] && tasks=$(seq $tasks)
tasks=${tasks//,/ }
for id in $tasks; do
  SLURM_ARRAY_TASK_ID=$id SLURM_ARRAY_TASK_COUNT=$(wc -w <<<"$tasks") SLURM_CPUS_PER_TASK=2 bash spooled "$@" 2>>shards.err >/dev/null
done
echo "42;cluster"
"#,
    );
    let submit = |set: &[(&str, &str)]| machine.run(&[&script("slurm.sh"), "orders.yaml"], set).ended(0);
    let ran = submit(&[("SHARDS", "3"), ("SBATCH_ARGS", "--partition=short --qos=low")]);
    let _ = ran.says("shards: job 42;cluster").says("merge: job 43");
    let said = machine.place.read("sbatch.words");
    for word in ["--array=0-2", "--dependency=afterany:42", "--partition=short", "--qos=low"] {
        assert!(said.lines().any(|line| line == word), "{word} in\n{said}");
    }
    assert!(machine.place.read("shards.err").contains("shard 3/3, from --shard"));
    assert_eq!(machine.place.read("merge.code"), "0\n", "{}", machine.place.read("merge.err"));
    machine.has_the_whole_sweep();
    std::fs::remove_dir_all(machine.place.path("results")).expect("it was there");
    let folder = machine.place.files("shards").into_iter().find(|file| file.contains("shard-2-of-3")).expect("a file");
    let folder = Path::new(&folder).ancestors().find(|path| path.ends_with("cells")).or(Path::new(&folder).parent());
    std::fs::remove_dir_all(machine.place.path(&folder.expect("a folder").to_string_lossy())).expect("it was there");
    submit(&[("SHARDS", "3"), ("TASKS", "1")]);
    assert_eq!(machine.place.read("merge.code"), "0\n", "{}", machine.place.read("merge.err"));
    machine.has_the_whole_sweep();
}

#[test]
fn an_aws_batch_array_and_its_merge_are_the_whole_sweep() {
    let machine = Machine::new();
    // Runs what the container would: the command of the override, the image's scripts being those here.
    machine.stand_in(
        "aws",
        &r#"#!/bin/bash
set -eu
echo "$@" >>aws.words
size=
while [ $# -gt 0 ]; do
  case $1 in
    --array-properties) size=${2#size=} ;;
    --container-overrides) command=$2 ;;
  esac
  shift
done
mapfile -t words < <(grep -o '"[^"]*"' <<<"${command#*:}" | tr -d '"' | sed 's|^/ci/|CI/|')
if [ -n "$size" ]; then
  for ((index = 0; index < size; index++)); do
    AWS_BATCH_JOB_ARRAY_INDEX=$index AWS_BATCH_JOB_ARRAY_SIZE=$size "${words[@]}" 2>>shards.err >/dev/null
  done
  echo array-1
else
  "${words[@]}" >merge.out 2>merge.err && echo 0 >merge.code || echo $? >merge.code
  echo merge-2
fi
"#
        .replace("CI/", &format!("{CI}/")),
    );
    let submit = [&script("aws-batch.sh")[..], "orders.yaml"];
    machine.run(&submit, &[]).ended(2).says("usage: QUEUE=name");
    let ran = machine.run(&submit, &[("QUEUE", "spot"), ("SHARDS", "3")]).ended(0);
    let _ = ran.says("shards: job array-1").says("merge: job merge-2");
    let said = machine.place.read("aws.words");
    for words in
        ["--job-queue spot --job-definition ackproof", "--array-properties size=3", "--depends-on jobId=array-1"]
    {
        assert!(said.contains(words), "{words} in\n{said}");
    }
    let source = "from AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE";
    assert!(machine.place.read("shards.err").contains(&format!("shard 3/3, {source}")));
    assert_eq!(machine.place.read("merge.code"), "0\n", "{}", machine.place.read("merge.err"));
    machine.has_the_whole_sweep();
}

#[test]
fn a_kubernetes_indexed_job_and_its_merge_are_the_whole_sweep() {
    let machine = Machine::new();
    let parts = yaml("kubernetes.yaml");
    let of_kind = |kind: &str| parts.iter().find(|part| part["kind"] == *kind).expect(kind);
    let scenario = of_kind("ConfigMap")["data"]["orders.yaml"].as_str().expect("a text");
    machine.place.write("template.yaml", scenario);
    machine.place.run(&["check", "template.yaml"]).ended(0);
    let work = machine.place.path("").to_string_lossy().into_owned();
    let places = [("/ci/", format!("{CI}/")), ("/sweep/", work), ("/scenarios/", String::new())];
    let here = |text: &str| {
        let found = places.iter().find_map(|(there, here)| Some(format!("{here}{}", text.strip_prefix(there)?)));
        found.unwrap_or_else(|| text.to_owned())
    };
    let pod = |job: &Value, index: Option<u64>| {
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let command: Vec<String> = words(&container["command"]).iter().map(|word| here(word)).collect();
        let set = container["env"].as_sequence().expect("a list").iter();
        let text = |value: &Value| here(value.as_str().expect("a text"));
        let mut set: Vec<(String, String)> = set.map(|it| (text(&it["name"]), text(&it["value"]))).collect();
        set.extend(index.map(|index| ("JOB_COMPLETION_INDEX".to_owned(), index.to_string())));
        let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (&**name, &**value)).collect();
        machine.run(&command.iter().map(String::as_str).collect::<Vec<_>>(), &set)
    };
    let job = of_kind("Job");
    let completions = job["spec"]["completions"].as_u64().expect("a number");
    for index in 0..completions {
        let ran = pod(job, Some(index)).ended(0);
        let source = "from JOB_COMPLETION_INDEX and ACKPROOF_SHARDS";
        let _ = ran.says(&format!("shard {}/{completions}, {source}", index + 1));
    }
    pod(&yaml("kubernetes-merge.yaml")[0], None).ended(0);
    machine.has_the_whole_sweep();
}

#[test]
fn the_workflow_for_github_is_the_whole_sweep_with_a_summary_and_annotations() {
    let machine = Machine::with_tool();
    let text = crate::workplace::expecting(&["{ when: { acks: 1 }, no-acked-loss: always }"]);
    machine.place.write("orders.yaml", text);
    let workflow = &yaml("github-actions.yaml")[0];
    let step = |job: &str, name: &str| {
        let steps = workflow["jobs"][job]["steps"].as_sequence().expect("steps").iter();
        steps.into_iter().find(|step| step["name"] == *name).unwrap_or_else(|| panic!("no step {name}")).clone()
    };
    let shards = workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"].as_sequence().expect("a list");
    let run = |step: &Value, shard: u64| {
        let filled = |text: &str| {
            let total = shards.len().to_string();
            text.replace("${{ matrix.shard }}", &shard.to_string()).replace("${{ strategy.job-total }}", &total)
        };
        let set = step["env"].as_mapping().into_iter().flatten();
        let mut set: Vec<(String, String)> = set
            .map(|(name, value)| (name.as_str().expect("a name").into(), filled(value.as_str().expect("a text"))))
            .collect();
        set.push(("SCENARIOS".into(), "order*.yaml".into()));
        set.push(("GITHUB_STEP_SUMMARY".into(), "summary.md".into()));
        let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (&**name, &**value)).collect();
        machine.run(&["bash", "-e", "-o", "pipefail", "-c", &filled(step["run"].as_str().expect("a script"))], &set)
    };
    run(&step("build", "validate"), 0).ended(0);
    for shard in shards {
        run(&step("shard", "sweep"), shard.as_u64().expect("a number")).ended(0);
    }
    let ran = run(&step("merge", "merge"), 0).ended(1);
    let line =
        1 + machine.place.read("orders.yaml").lines().position(|line| line.contains("no-acked-loss")).expect("it");
    let annotation = format!("::error file=orders.yaml,line={line},title=orders%3A not as expected::");
    assert!(ran.out.lines().any(|line| line.starts_with(&annotation)), "{}", ran.out);
    let summary = machine.place.read("summary.md");
    assert!(summary.contains("| acks | none | leader-cut-off |"), "{summary}");
    assert!(
        summary.contains("### The smallest failure\n\n**leader-cut-off**, acks=1, seed 1: the life of p1"),
        "{summary}"
    );
    assert!(summary.contains("```mermaid\nsequenceDiagram\n  participant n0 as ") && summary.contains("told: ACKED"));
    let whole = Workplace::with(&[("orders.yaml", &machine.place.read("orders.yaml"))]);
    whole.run(&["run", "orders.yaml"]).ended(1);
    same_files(&machine.place, &whole, "results");
}

#[test]
fn the_pipeline_for_gitlab_is_the_whole_sweep() {
    let machine = Machine::with_tool();
    let pipeline = &yaml("gitlab-ci.yaml")[0];
    let run = |job: &str, more: &[(&str, &str)]| {
        let job = &pipeline[job];
        let variables = job["variables"].as_mapping().into_iter().flatten();
        let variables =
            variables.map(|(name, value)| (name.as_str().expect("a name"), value.as_str().expect("a text")));
        let set: Vec<(&str, &str)> = variables
            .chain([("SCENARIOS", "order*.yaml"), ("GITLAB_CI", "true")])
            .chain(more.iter().copied())
            .collect();
        machine.run(&["bash", "-e", "-o", "pipefail", "-c", &words(&job["script"]).join("\n")], &set)
    };
    let total = pipeline["ackproof-sweep"]["parallel"].as_u64().expect("a number");
    for index in 1..=total {
        let (index, total) = (index.to_string(), total.to_string());
        let ran = run("ackproof-sweep", &[("CI_NODE_INDEX", &index), ("CI_NODE_TOTAL", &total)]).ended(0);
        let _ = ran.says(&format!("shard {index}/{total}, from CI_NODE_INDEX and CI_NODE_TOTAL"));
    }
    // As GitLab sets it for a job without `parallel`.
    run("ackproof-merge", &[("CI_NODE_TOTAL", "1")]).ended(0);
    let tests = "results/orders/junit.xml";
    assert!(machine.place.read(tests).contains("<testcase "), "{}", machine.place.read(tests));
    std::fs::remove_file(machine.place.path(tests)).expect("it was there");
    machine.has_the_whole_sweep();
}
