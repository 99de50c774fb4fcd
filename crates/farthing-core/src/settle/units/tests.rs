//! Packs against an oracle that goes second by second.

use super::*;
use crate::config::Name;
use crate::ledger::AccountId;
use crate::ledger::posting::earned;
use crate::settle::{Paid, Source, ThingId};
use proptest::prelude::*;

fn at(seconds: i64) -> Instant {
    Instant::try_from_seconds(seconds).unwrap()
}

fn gpu() -> Name {
    Name::parse("gpu").unwrap()
}

fn lot(number: i64, size: i64, starts: i64, expires: Option<i64>) -> UnitLot {
    UnitLot { account: AccountId(number), number, size, left: size, starts: at(starts), expires: expires.map(at) }
}

/// Takes `taken` millionths in `per` seconds, from a second on.
fn form(from: i64, taken: i64, per: i64) -> UnitForm {
    let rate = UnitRate { taken, per: per * 1_000_000 };
    UnitForm { done: 0, rate, total: 0, at: at(from), slope: 1_000_000, until: None }
}

fn uses(thing: i64, form: UnitForm) -> UnitUse {
    UnitUse { thing: ThingId(thing), product: gpu(), form, paid: Paid::new(), missing: 0 }
}

fn told(paid: &Paid) -> String {
    let part = |(source, part): &(Source, i64)| match source {
        Source::Lot(account) => format!("{}:{part}", account.0),
        other => format!("{other:?}"),
    };
    paid.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// As the engine does: whatever is due on the way happens at its own time.
fn run_to(book: &mut UnitBook, now: &mut Instant, to: Instant, posted: &mut Vec<(AccountId, i64, i64)>) {
    loop {
        let next = book.next(*now).unwrap().filter(|next| *next <= to).unwrap_or(to);
        for drawn in book.draw_to(next).unwrap() {
            posted.push((drawn.lot, drawn.used_before.unwrap(), drawn.amount));
        }
        book.turn(next).unwrap();
        *now = next;
        if next == to {
            return;
        }
    }
}

#[test]
fn packs_give_in_order_until_the_last_unit_splits_its_second() {
    // 100 units at 3 a second: 33 seconds take 99, the 34th takes the last one and two thirds of it are not covered.
    let lots = vec![lot(1, 40, 0, None), lot(2, 30, 0, Some(5_000)), lot(3, 30, 0, Some(4_000))];
    let mut book = UnitBook::new(lots, vec![uses(1, form(0, 3, 1))], Vec::new());
    book.turn(at(0)).unwrap();
    assert_eq!(book.next(at(0)).unwrap(), Some(at(34)));
    let (mut now, mut posted) = (at(0), Vec::new());
    run_to(&mut book, &mut now, at(20), &mut posted);
    assert_eq!((told(&book.uses[0].paid).as_str(), book.left_at(at(20)).unwrap()), ("3:30 2:30", 40));
    run_to(&mut book, &mut now, at(100), &mut posted);
    assert_eq!((told(&book.uses[0].paid).as_str(), book.uses[0].missing), ("3:30 2:30 1:40", 2));
    assert_eq!(book.dry, [Dry { from: at(34), before: 666_667, to: None }]);
    // Units again: it goes on from there.
    book.draw_to(at(200)).unwrap();
    book.add_lot(lot(4, 9, 200, None));
    assert_eq!(book.turn(at(200)).unwrap(), Some(Turn::Wet(at(200))));
    assert_eq!(book.dry, [Dry { from: at(34), before: 666_667, to: Some(at(200)) }]);
    assert_eq!(book.next(at(200)).unwrap(), Some(at(203)));
}

#[test]
fn a_pack_pays_for_its_last_second_and_no_other() {
    let mut book =
        UnitBook::new(vec![lot(1, 100, 0, Some(10)), lot(2, 6, 20, None)], vec![uses(1, form(0, 3, 1))], Vec::new());
    book.turn(at(0)).unwrap();
    let (mut now, mut posted) = (at(0), Vec::new());
    run_to(&mut book, &mut now, at(30), &mut posted);
    // 10 s x 3 of the first; dry from 10 to 20; two seconds of the second.
    assert_eq!(told(&book.uses[0].paid), "1:30 2:6");
    let dry = |from, to: Option<i64>| Dry { from: at(from), before: 0, to: to.map(at) };
    assert_eq!(book.dry, [dry(10, Some(20)), dry(22, None)]);
}

#[test]
fn what_was_not_used_after_all_goes_back_last_first() {
    let mut book =
        UnitBook::new(vec![lot(1, 10, 0, Some(1_000)), lot(2, 15, 0, None)], vec![uses(1, form(0, 1, 1))], Vec::new());
    book.turn(at(0)).unwrap();
    let (mut now, mut posted) = (at(0), Vec::new());
    run_to(&mut book, &mut now, at(20), &mut posted);
    assert_eq!(told(&book.uses[0].paid), "1:10 2:10");
    // It had stopped after 7 seconds.
    let stopped = UnitForm { total: 7_000_000, slope: 0, at: at(7), ..form(0, 1, 1) };
    let back = book.refold(ThingId(1), &gpu(), stopped, at(7), at(20)).unwrap();
    let back: Vec<_> = back.iter().map(|drawn| (drawn.lot.0, drawn.used_before, drawn.amount)).collect();
    assert_eq!(back, [(2, Some(10), -10), (1, Some(10), -3)]);
    assert_eq!(book.left_at(at(20)).unwrap(), 18);
    // Told late that it ran on: what no pack has left is missing, and none is below nothing.
    let ran = UnitForm { total: 30_000_000, slope: 0, at: at(30), ..form(0, 1, 1) };
    book.draw_to(at(40)).unwrap();
    book.refold(ThingId(1), &gpu(), ran, at(7), at(40)).unwrap();
    assert_eq!((told(&book.uses[0].paid).as_str(), book.uses[0].missing), ("1:10 2:15", 5));
}

/// Second by second: what each thing takes, what each lot gives, and what is missing of the second in which the last units go.
struct Oracle {
    left: Vec<i64>,
    taken: Vec<i64>,
    missing: Vec<i64>,
    dry_seconds: i64,
}

fn oracle(lots: &[UnitLot], things: &[UnitForm], end: i64) -> Oracle {
    let mut order: Vec<usize> = (0..lots.len()).collect();
    order.sort_by_key(|place| (lots[*place].expires.is_none(), lots[*place].expires, lots[*place].number));
    let mut found = Oracle {
        left: lots.iter().map(|lot| lot.left).collect(),
        taken: vec![0; things.len()],
        missing: vec![0; things.len()],
        dry_seconds: 0,
    };
    let mut wet = vec![0_i64; things.len()];
    for second in 0..end {
        let serves = |place: &usize| lots[*place].serves_from(at(second));
        let there: i64 = order.iter().filter(|place| serves(place)).map(|place| found.left[*place]).sum();
        let runs: Vec<bool> = things.iter().map(|form| form.at <= at(second)).collect();
        if there == 0 {
            found.dry_seconds += i64::from(runs.iter().any(|runs| *runs));
            continue;
        }
        let mut wanted = Vec::new();
        for (place, form) in things.iter().enumerate() {
            let g = |seconds: i64| form.rate.of_total(i128::from(seconds) * 1_000_000).unwrap();
            wanted.push(if runs[place] { g(wet[place] + 1) - g(wet[place]) } else { 0 });
            wet[place] += i64::from(runs[place]);
        }
        let together: i64 = wanted.iter().sum();
        let short = (together - there).max(0);
        let weights: Vec<u64> = wanted.iter().map(|part| u64::try_from(*part).unwrap()).collect();
        let missing = if short > 0 { crate::money::allocate(short, &weights).unwrap() } else { vec![0; things.len()] };
        for (place, wanted) in wanted.iter().enumerate() {
            found.taken[place] += wanted - missing[place];
            found.missing[place] += missing[place];
            let mut rest = wanted - missing[place];
            for lot in order.iter().filter(|place| serves(place)) {
                let part = rest.min(found.left[*lot]);
                found.left[*lot] -= part;
                rest -= part;
            }
        }
    }
    found
}

fn lots() -> impl Strategy<Value = Vec<UnitLot>> {
    let one = (1_i64..400, 0_i64..120, proptest::option::of(1_i64..150));
    proptest::collection::vec(one, 0..5).prop_map(|lots| {
        let numbered = lots.into_iter().zip(1..);
        numbered
            .map(|((size, starts, lasts), number)| lot(number, size, starts, lasts.map(|lasts| starts + lasts)))
            .collect()
    })
}

fn things() -> impl Strategy<Value = Vec<UnitForm>> {
    proptest::collection::vec((0_i64..100, 1_i64..9, 1_i64..5), 1..4)
        .prop_map(|things| things.into_iter().map(|(from, taken, per)| form(from, taken, per)).collect())
}

/// The things of a story are numbered as they stand.
fn thing(place: usize) -> ThingId {
    ThingId(i64::try_from(place).unwrap())
}

fn place_of(thing: ThingId) -> usize {
    usize::try_from(thing.0).unwrap()
}

proptest! {
    /// However often and whenever it is settled, each pack has given, and each thing is short of, what goes second by second;
    /// and what a pack has earned is what its used units come to.
    #[test]
    fn cuts_change_nothing_and_the_oracle_agrees(
        lots in lots(),
        things in things(),
        mut cuts in proptest::collection::vec(0_i64..300, 0..12),
    ) {
        const END: i64 = 300;
        cuts.sort_unstable();
        cuts.push(END);
        let mut book = UnitBook::new(lots.clone(), Vec::new(), Vec::new());
        let (mut now, mut posted) = (at(0), Vec::new());
        let mut begins: Vec<(usize, UnitForm)> = things.iter().copied().enumerate().collect();
        begins.sort_by_key(|(place, form)| (form.at, *place));
        let mut begins = begins.into_iter().peekable();
        for cut in cuts {
            while let Some((place, form)) = begins.next_if(|(_, form)| form.at <= at(cut)) {
                run_to(&mut book, &mut now, form.at, &mut posted);
                book.refold(thing(place), &gpu(), form, form.at, form.at).unwrap();
                book.turn(form.at).unwrap();
            }
            run_to(&mut book, &mut now, at(cut), &mut posted);
        }
        let found = oracle(&lots, &things, END);
        for (lot, left) in lots.iter().zip(&found.left) {
            let own = book.lots().iter().find(|other| other.account == lot.account).unwrap();
            prop_assert_eq!(own.left, *left, "lot {}", lot.number);
            prop_assert!(own.left >= 0);
            // 7.77 paid for it: what each draw earned comes to what all of them do.
            let earns = |used| earned(777, lot.size, used).unwrap();
            let own = posted.iter().filter(|(account, ..)| *account == lot.account);
            let sum: i64 = own.map(|(_, before, amount)| earns(before + amount) - earns(*before)).sum();
            prop_assert_eq!(sum, earns(lot.size - left));
        }
        for one in &book.uses {
            let place = place_of(one.thing);
            prop_assert_eq!((one.drawn(), one.missing), (found.taken[place], found.missing[place]), "thing {}", place);
        }
        let dry = book.dry.iter().map(|dry| dry.to.unwrap_or(at(END)).seconds_since(dry.from)).sum::<i64>();
        prop_assert_eq!(dry, found.dry_seconds);
    }

    /// Told in time or late, in any order: while the packs hold it, each thing has taken the same.
    #[test]
    fn who_is_told_of_late_takes_the_same(
        things in things(),
        order in Just((0..3_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let whole = vec![lot(1, 1_000, 0, None), lot(2, 9_000, 0, None)];
        let mut book = UnitBook::new(whole, Vec::new(), Vec::new());
        let (mut now, mut posted) = (at(0), Vec::new());
        for (step, place) in order.iter().filter(|place| **place < things.len()).enumerate() {
            let told = at(100 + 10 * thing(step).0);
            run_to(&mut book, &mut now, told, &mut posted);
            book.refold(thing(*place), &gpu(), things[*place], things[*place].at, told).unwrap();
            book.turn(told).unwrap();
        }
        run_to(&mut book, &mut now, at(300), &mut posted);
        for one in &book.uses {
            let form = things[place_of(one.thing)];
            let seconds = at(300).seconds_since(form.at);
            let taken = form.rate.of_total(i128::from(seconds) * 1_000_000).unwrap();
            prop_assert_eq!((one.drawn(), one.missing), (taken, 0));
        }
        let given: i64 = book.lots().iter().map(|lot| lot.size - lot.left).sum();
        prop_assert_eq!(given, book.uses.iter().map(UnitUse::drawn).sum::<i64>());
    }
}
