//! Which shard the machine's scheduler wants: the variables that CI systems and batch schedulers set for each of several
//! equal jobs.
//!
//! | scheduler | number | counts from | total |
//! |---|---|---|---|
//! | GitLab `parallel:` | `CI_NODE_INDEX` | 1 (Heroku CI, told by `HEROKU_TEST_RUN_ID`: 0) | `CI_NODE_TOTAL` |
//! | AWS Batch array | `AWS_BATCH_JOB_ARRAY_INDEX` | 0 | `AWS_BATCH_JOB_ARRAY_SIZE` |
//! | Slurm array | `SLURM_ARRAY_TASK_ID` | `SLURM_ARRAY_TASK_MIN`, in steps of `SLURM_ARRAY_TASK_STEP` | `SLURM_ARRAY_TASK_COUNT` |
//! | Kubernetes Indexed Job | `JOB_COMPLETION_INDEX` | 0 | `ACKPROOF_SHARDS`, which Kubernetes does not know |
//!
//! Sources: GitLab `lib/gitlab/ci/variables/builder.rb`; Heroku Dev Center, "Heroku CI Parallel Test Runs"; AWS Batch
//! User Guide, "Job environment variables"; `sbatch(1)`; Kubernetes, "Indexed Job for Parallel Processing".
//!
//! GitLab sets `CI_NODE_TOTAL=1` for every ordinary job: a total of one is no shard. Everything else that is half there
//! is an error, because a job that silently does the work of all others makes a green pipeline that proves less than it
//! says.

use crate::shard::Shard;

/// A shard, and the variables that it comes from.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Wanted {
    pub shard: Shard,
    pub source: &'static str,
}

/// Where a scheduler says which shard it wants.
struct Scheduler {
    number: &'static str,
    total: &'static str,
    /// Both, as a reader is told.
    source: &'static str,
    /// Shard number from 1, given the value of `number` and the total.
    count: fn(u32, u32, Variables<'_>) -> Result<u32, String>,
}

type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

const SCHEDULERS: [Scheduler; 4] = [
    Scheduler {
        number: "CI_NODE_INDEX",
        total: "CI_NODE_TOTAL",
        source: "CI_NODE_INDEX and CI_NODE_TOTAL",
        count: |index, _, get| match (index, get("HEROKU_TEST_RUN_ID").is_some()) {
            (index, true) => Ok(index.saturating_add(1)),
            (0, false) => Err("CI_NODE_INDEX is 0, but counts from 1 (on GitLab)".to_owned()),
            (index, false) => Ok(index),
        },
    },
    Scheduler {
        number: "AWS_BATCH_JOB_ARRAY_INDEX",
        total: "AWS_BATCH_JOB_ARRAY_SIZE",
        source: "AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE",
        count: |index, _, _| Ok(index.saturating_add(1)),
    },
    Scheduler {
        number: "SLURM_ARRAY_TASK_ID",
        total: "SLURM_ARRAY_TASK_COUNT",
        source: "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT",
        count: slurm,
    },
    Scheduler {
        number: "JOB_COMPLETION_INDEX",
        total: "ACKPROOF_SHARDS",
        source: "JOB_COMPLETION_INDEX and ACKPROOF_SHARDS",
        count: |index, _, _| Ok(index.saturating_add(1)),
    },
];

/// What to do about any of these errors.
const HELP: &str = "say which part to run with --shard k/n, or run everything with --shard 1/1";

/// The shard that the environment asks for; `None` where it asks for none.
///
/// # Errors
/// A variable without its partner, a value that cannot be, or two schedulers at once; in words that say what to do.
pub fn wanted(get: impl Fn(&str) -> Option<String>) -> Result<Option<Wanted>, String> {
    let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    let mut found: Option<Wanted> = None;
    for scheduler in &SCHEDULERS {
        let Some(wanted) = scheduler.wanted(&get).map_err(|why| format!("{why}; {HELP}"))? else { continue };
        if let Some(other) = found {
            return Err(format!("both {} and {} ask for a shard; {HELP}", other.source, wanted.source));
        }
        found = Some(wanted);
    }
    Ok(found)
}

impl Scheduler {
    fn wanted(&self, get: Variables<'_>) -> Result<Option<Wanted>, String> {
        let number = |name: &str| match get(name) {
            None => Ok(None),
            Some(text) => match text.trim().parse::<u32>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("{name} is `{text}`, which is no whole number")),
            },
        };
        let (index, total) = match (number(self.number)?, number(self.total)?) {
            (None, None | Some(0 | 1)) => return Ok(None),
            // It is set for whole batches of jobs, and alone says nothing about this one.
            (None, Some(_)) if self.total == "ACKPROOF_SHARDS" => return Ok(None),
            (None, Some(total)) => return Err(format!("{} is {total}, but {} is not set", self.total, self.number)),
            (Some(index), None) => return Err(format!("{} is {index}, but {} is not set", self.number, self.total)),
            (Some(index), Some(total)) => (index, total),
        };
        let shard = (self.count)(index, total, get).and_then(|number| Shard::new(number, total));
        let shard = shard.map_err(|why| format!("{} is {index} and {} is {total}: {why}", self.number, self.total))?;
        Ok(shard.map(|shard| Wanted { shard, source: self.source }))
    }
}

/// An array may begin anywhere and go in steps; one that leaves gaps has no numbers to go by. An array of one is how a
/// single task of a larger one is submitted again, which must not do the work of all.
fn slurm(id: u32, count: u32, get: Variables<'_>) -> Result<u32, String> {
    if count == 1 {
        return Err("an array of one task does not say how many there were".to_owned());
    }
    let number = |name: &str, without: u32| match get(name) {
        None => Ok(without),
        Some(text) => text.trim().parse().map_err(|_| format!("{name} is `{text}`, which is no whole number")),
    };
    let least = number("SLURM_ARRAY_TASK_MIN", 0)?;
    let step = number("SLURM_ARRAY_TASK_STEP", 1)?.max(1);
    let most = number("SLURM_ARRAY_TASK_MAX", least.saturating_add(step.saturating_mul(count.saturating_sub(1))))?;
    let is_range = most.checked_sub(least).is_some_and(|width| width % step == 0 && width / step + 1 == count);
    match id.checked_sub(least) {
        Some(from) if is_range && from % step == 0 => Ok(from / step + 1),
        Some(_) | None => Err(format!(
            "the array goes from {least} to {most} in steps of {step} and has {count} tasks, so it is no plain range"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(set: &[(&str, &str)]) -> Result<Option<String>, String> {
        let get = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Ok(wanted(get)?.map(|wanted| format!("{} from {}", wanted.shard, wanted.source)))
    }

    #[track_caller]
    fn is(set: &[(&str, &str)], shard_and_source: &str) {
        assert_eq!(shard(set), Ok(Some(shard_and_source.to_owned())));
    }

    #[track_caller]
    fn fails(set: &[(&str, &str)], says: &str) {
        let error = shard(set).expect_err("it is half there");
        assert!(error.contains(says) && error.contains("--shard k/n"), "{error}");
    }

    #[test]
    fn gitlab_counts_from_one_and_heroku_from_zero() {
        is(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "4")], "1/4 from CI_NODE_INDEX and CI_NODE_TOTAL");
        is(&[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "4")], "4/4 from CI_NODE_INDEX and CI_NODE_TOTAL");
        let heroku = [("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "4"), ("HEROKU_TEST_RUN_ID", "x")];
        is(&heroku, "1/4 from CI_NODE_INDEX and CI_NODE_TOTAL");
        fails(&heroku[..2], "counts from 1");
        fails(&[("CI_NODE_INDEX", "5"), ("CI_NODE_TOTAL", "4")], "numbered from 1 to 4");
    }

    #[test]
    fn batch_and_indexed_jobs_count_from_zero() {
        let batch = |index| [("AWS_BATCH_JOB_ARRAY_INDEX", index), ("AWS_BATCH_JOB_ARRAY_SIZE", "3")];
        is(&batch("0"), "1/3 from AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE");
        is(&batch("2"), "3/3 from AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE");
        fails(&batch("3"), "numbered from 1 to 3");
        let indexed = |index| [("JOB_COMPLETION_INDEX", index), ("ACKPROOF_SHARDS", "8")];
        is(&indexed("0"), "1/8 from JOB_COMPLETION_INDEX and ACKPROOF_SHARDS");
        is(&indexed("7"), "8/8 from JOB_COMPLETION_INDEX and ACKPROOF_SHARDS");
    }

    #[test]
    fn a_slurm_array_begins_anywhere_and_goes_in_steps() {
        let array = |id, count, min, max, step| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", count),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_STEP", step),
            ]
        };
        let of = "from SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT";
        is(&array("0", "4", "0", "3", "1"), &format!("1/4 {of}"));
        is(&array("1", "4", "1", "4", "1"), &format!("1/4 {of}"));
        is(&array("4", "4", "1", "4", "1"), &format!("4/4 {of}"));
        is(&array("20", "3", "10", "30", "10"), &format!("2/3 {of}"));
        is(&array("2", "4", "0", "3", "1")[..2], &format!("3/4 {of}"));
        fails(&array("3", "3", "1", "7", "1"), "no plain range");
        fails(&array("15", "3", "10", "30", "10"), "no plain range");
        fails(&array("3", "1", "3", "3", "1"), "array of one task");
    }

    #[test]
    fn an_ordinary_job_is_no_shard() {
        assert_eq!(shard(&[]), Ok(None));
        assert_eq!(shard(&[("CI_NODE_TOTAL", "1")]), Ok(None));
        assert_eq!(shard(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "1")]), Ok(None));
        assert_eq!(shard(&[("CI_NODE_INDEX", ""), ("CI_NODE_TOTAL", "1")]), Ok(None));
        assert_eq!(shard(&[("ACKPROOF_SHARDS", "8")]), Ok(None));
    }

    #[test]
    fn half_of_what_is_needed_is_an_error() {
        for (number, total) in SCHEDULERS.iter().map(|scheduler| (scheduler.number, scheduler.total)) {
            fails(&[(number, "1")], &format!("{total} is not set"));
            fails(&[(number, "one"), (total, "4")], "no whole number");
        }
        fails(&[("CI_NODE_TOTAL", "4")], "CI_NODE_INDEX is not set");
        let both = [
            ("CI_NODE_INDEX", "1"),
            ("CI_NODE_TOTAL", "4"),
            ("SLURM_ARRAY_TASK_ID", "1"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        fails(&both, "both CI_NODE_INDEX and CI_NODE_TOTAL and SLURM");
    }
}
