//! One cell: its runs brought together, each promise tested, all tests corrected at once.

use std::collections::BTreeSet;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::Seed;

use super::{Broken, CellChange, Change, GuaranteeChange, Match, Method, Options, Pairing};
use crate::baseline::{Judged, Seeds, Standing};
use crate::result::CellVerdict;
use crate::significance::{Pairs, Samples, Test, can_speak, corrected};

/// A cell whose tests are not yet corrected for there being many.
pub(super) struct Draft<'a> {
    cell: Match<'a>,
    pairing: Option<Pairing>,
    guarantees: Vec<Tested>,
}

struct Tested {
    change: GuaranteeChange,
    /// `None` where nothing was tested.
    test: Option<Test>,
}

pub(super) fn draft<'a>(cell: Match<'a>, options: &Options) -> Draft<'a> {
    let Match::Both(base, head) = cell else { return Draft { cell, pairing: None, guarantees: Vec::new() } };
    let (pairing, pairs) = pair(base, head);
    let guarantees = base.judged.iter().filter_map(|(guarantee, before)| {
        let after = head.judged.get(guarantee)?;
        let asked = Guarantee::OF_EVERY_CELL.contains(guarantee)
            || [&base.asked, &head.asked, &options.guarantees].iter().any(|asked| asked.contains(guarantee));
        Some(tested(*guarantee, asked, [(base, before), (head, after)], pairing.method, &pairs, options.alpha))
    });
    Draft { cell, pairing: Some(pairing), guarantees: guarantees.collect() }
}

/// Corrects the tests of all cells. What was asked for is a family of its own: what nobody asked for must not hide it.
pub(super) fn correct<'d, 'a: 'd>(drafts: impl Iterator<Item = &'d mut Draft<'a>>, alpha: f64) {
    let all: Vec<&mut Tested> =
        drafts.flat_map(|draft| draft.guarantees.iter_mut()).filter(|it| it.test.is_some()).collect();
    let (asked, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|tested| tested.change.asked);
    for family in [asked, others] {
        let tests: Vec<Test> = family.iter().filter_map(|tested| tested.test).collect();
        for (tested, p) in family.into_iter().zip(corrected(&tests, alpha)) {
            tested.change.p_corrected = p;
        }
    }
}

/// What stands out alone and not among all that was tested is neither the same nor a change.
const LIKELY: &str = "a difference, and by itself hardly chance; among as many tests as here it may be: more runs tell";

impl Draft<'_> {
    pub(super) fn finish(self, is_rows: bool, alpha: f64) -> CellChange {
        let (shown, base, head) = match self.cell {
            Match::Both(base, head) => (head, Some(base), Some(head)),
            Match::Gone(base) => (base, Some(base), None),
            Match::New(head) => (head, None, Some(head)),
        };
        let mut guarantees: Vec<GuaranteeChange> = Vec::new();
        for Tested { mut change, test } in self.guarantees {
            if test.is_some() && change.p_corrected <= alpha {
                change.change = if change.difference > 0.0 { Change::Worse } else { Change::Better };
            } else if test.is_some() && change.p <= alpha {
                change.change = Change::Undecided;
                change.why = Some(LIKELY.to_owned());
            }
            guarantees.push(change);
        }
        let change = match self.cell {
            Match::Both(..) => worst(&guarantees),
            Match::Gone(_) => Change::Gone,
            Match::New(_) => Change::New,
        };
        CellChange {
            settings: shown.settings.clone(),
            base_settings: base.filter(|_| is_rows).map(|base| base.settings.clone()),
            fault: shown.fault.clone(),
            ids: [base.map(|it| it.id.clone()), head.map(|it| it.id.clone())],
            change,
            pairing: self.pairing,
            guarantees,
            base_cost: base.map(|it| it.cost.clone()),
            head_cost: head.map(|it| it.cost.clone()),
        }
    }
}

/// What a cell came to by the promises that count.
fn worst(guarantees: &[GuaranteeChange]) -> Change {
    let asked = || guarantees.iter().filter(|it| it.asked).map(|it| it.change);
    let first =
        [Change::Worse, Change::Better, Change::Same].into_iter().find(|wanted| asked().any(|it| it == *wanted));
    first.unwrap_or(Change::Undecided)
}

/// Seeds that met the same storm on both sides; and how the two are to be compared.
fn pair(base: &Standing, head: &Standing) -> (Pairing, BTreeSet<Seed>) {
    let (mut pairs, mut other_storm, mut unknown_storm) = (BTreeSet::new(), 0, 0);
    for (&seed, before) in &base.runs {
        match (before, head.runs.get(&seed)) {
            (_, None) => {}
            (Some(before), Some(Some(after))) if before == after => {
                pairs.insert(seed);
            }
            (Some(_), Some(Some(_))) => other_storm += 1,
            (None, Some(_)) | (_, Some(None)) => unknown_storm += 1,
        }
    }
    let both = pairs.len() as u64 + other_storm + unknown_storm;
    let fewer = base.runs.len().min(head.runs.len());
    let method = if !pairs.is_empty() && 2 * pairs.len() >= fewer { Method::Paired } else { Method::Unpaired };
    let pairing = Pairing {
        method,
        pairs: pairs.len() as u64,
        other_storm,
        unknown_storm,
        only_base: base.runs.len() as u64 - both,
        only_head: head.runs.len() as u64 - both,
    };
    (pairing, pairs)
}

type SideOf<'a> = (&'a Standing, &'a Judged);

fn tested(
    guarantee: Guarantee,
    asked: bool,
    [base, head]: [SideOf<'_>; 2],
    method: Method,
    pairs: &BTreeSet<Seed>,
    alpha: f64,
) -> Tested {
    let mut change = GuaranteeChange {
        guarantee,
        asked,
        change: Change::Same,
        why: None,
        base: Broken { runs: 0, of: 0, verdict: base.1.verdict },
        head: Broken { runs: 0, of: 0, verdict: head.1.verdict },
        difference: 0.0,
        ci95: [-1.0, 1.0],
        p: 1.0,
        p_corrected: 1.0,
        now_broken: Seeds::default(),
        now_kept: Seeds::default(),
        storms: Vec::new(),
    };
    let (test, extreme) = match method {
        Method::Paired => paired(&mut change, base.1, head.1, pairs),
        Method::Unpaired => unpaired(&mut change, base, head),
    };
    change.p = test.p;
    if let Some((is_same, why)) = nothing_promised(guarantee, base, head) {
        change.change = if is_same { Change::Same } else { Change::Undecided };
        change.why = Some(why.to_owned());
        return Tested { change, test: None };
    }
    if !can_speak(extreme, alpha) {
        change.change = Change::Undecided;
        change.why = Some(undecided(&change, [base.1, head.1]));
        return Tested { change, test: None };
    }
    Tested { change, test: Some(test) }
}

/// The test of pairs, and the one that they would give if all had turned.
fn paired(change: &mut GuaranteeChange, base: &Judged, head: &Judged, pairs: &BTreeSet<Seed>) -> (Test, Test) {
    let mut counted = Pairs::default();
    for &seed in pairs.iter().filter(|seed| !base.undecided.has(**seed) && !head.undecided.has(**seed)) {
        let (before, after) = (base.broke.has(seed), head.broke.has(seed));
        change.base.runs += u64::from(before);
        change.head.runs += u64::from(after);
        match (before, after) {
            (false, true) => {
                counted.worse += 1;
                change.now_broken.0.insert(seed);
            }
            (true, false) => {
                counted.better += 1;
                change.now_kept.0.insert(seed);
            }
            (true, true) | (false, false) => counted.alike += 1,
        }
    }
    (change.base.of, change.head.of) = (counted.count(), counted.count());
    (change.difference, change.ci95) = counted.difference();
    (counted.test(), Pairs { alike: 0, worse: counted.count(), better: 0 }.test())
}

fn unpaired(change: &mut GuaranteeChange, base: SideOf<'_>, head: SideOf<'_>) -> (Test, Test) {
    let counted = |(standing, judged): SideOf<'_>| {
        (judged.broke.count(), (standing.runs.len() as u64).saturating_sub(judged.undecided.count()))
    };
    let samples = Samples { base: counted(base), head: counted(head) };
    (change.base.runs, change.base.of) = samples.base;
    (change.head.runs, change.head.of) = samples.head;
    (change.difference, change.ci95) = samples.difference();
    (samples.test(), Samples { base: (0, samples.base.1), head: (samples.head.1, samples.head.1) }.test())
}

/// Where nothing was acknowledged, nothing was promised of acknowledged messages: that no promise was broken there is no
/// improvement. `true` where it is so on both sides.
fn nothing_promised(guarantee: Guarantee, base: SideOf<'_>, head: SideOf<'_>) -> Option<(bool, &'static str)> {
    if !Guarantee::OF_EVERY_CELL.contains(&guarantee) {
        return None;
    }
    match (base.0.cost.acked == 0, head.0.cost.acked == 0) {
        (true, true) => Some((true, "neither side acknowledges anything")),
        (true, false) => Some((false, "the base acknowledges nothing, so it promises nothing")),
        (false, true) => Some((false, "the head acknowledges nothing, so it promises nothing")),
        (false, false) => None,
    }
}

fn undecided(change: &GuaranteeChange, [base, head]: [&Judged; 2]) -> String {
    let inconclusive = |judged: &Judged| judged.verdict == CellVerdict::Inconclusive;
    match (inconclusive(base), inconclusive(head)) {
        (true, true) => "both sides are inconclusive".to_owned(),
        (true, false) => "the base is inconclusive".to_owned(),
        (false, true) => "the head is inconclusive".to_owned(),
        (false, false) => {
            let fewer = change.base.of.min(change.head.of);
            format!("{fewer} runs that decided it on both sides could not show any difference")
        }
    }
}
