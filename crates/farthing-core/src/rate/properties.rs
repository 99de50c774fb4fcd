//! What holds for every tariff there can be: made-up tariffs of every model against a slow re-statement of the definitions.

use super::cases::{quantity, tag, unit, usd};
use super::*;
use crate::measure::{DataStep, Quantity, TimeUnit};
use crate::money::{Currency, Money, MoneyError, Ratio, Rounding, div_round};
use crate::time::Instant;
use proptest::prelude::*;
use proptest::sample::select;

const MONTH: i64 = 28 * 86_400;

// The definitions again, in exact fractions of whole units, a step a line; nothing of the compiled formula is used.

struct Slow<'a> {
    tariff: &'a Tariff,
}

type Exact = Result<Ratio, MoneyError>;

fn whole(number: i128) -> Ratio {
    Ratio::new(number, 1).unwrap()
}

fn of(quantity: Quantity) -> Ratio {
    Ratio::new(i128::from(quantity.millionths()), 1_000_000).unwrap()
}

fn minus(left: Ratio, right: Ratio) -> Exact {
    left.checked_add(right.checked_mul(whole(-1))?)
}

fn over(numerator: Ratio, denominator: Ratio) -> Exact {
    numerator.checked_mul(Ratio::new(denominator.denominator(), denominator.numerator())?)
}

fn is_above(left: Ratio, right: Ratio) -> Result<bool, MoneyError> {
    Ok(minus(left, right)?.numerator() > 0)
}

fn part(percent: Percent) -> Ratio {
    Ratio::new(i128::from(percent.billionths()), 100_000_000_000).unwrap()
}

fn units(amount: Option<Money>) -> Ratio {
    whole(amount.map_or(0, |amount| i128::from(amount.units())))
}

/// One tier: its bound, what one unit costs, what entering costs.
type SlowTier = (Option<Ratio>, Ratio, Ratio);

impl Slow<'_> {
    fn left(&self) -> Ratio {
        minus(whole(1), part(self.tariff.discount)).unwrap()
    }

    fn major(&self) -> Ratio {
        whole(i128::from(self.tariff.currency.units_per_major()))
    }

    fn time_seconds(&self) -> i128 {
        let tag = match &self.tariff.model {
            Model::Unit(tag) | Model::Package(tag) => Some(tag),
            Model::Graduated(tiers) | Model::Volume(tiers) => tiers.iter().find_map(|tier| tier.price.as_ref()),
            _ => None,
        };
        i128::from(match tag.and_then(|tag| tag.per.time) {
            Some(TimeUnit::Month) => MONTH,
            Some(time) => time.seconds().unwrap(),
            None => 1,
        })
    }

    fn converted(&self, total: i128) -> Exact {
        let quantity = Ratio::new(total, 1_000_000 * self.time_seconds())?;
        let Some(convert) = &self.tariff.convert else { return Ok(quantity) };
        let exact = over(quantity, of(convert.per))?;
        let Some(rounding) = convert.round else { return Ok(exact) };
        Ok(whole(div_round(exact.numerator(), exact.denominator(), rounding)?))
    }

    fn above_free(&self, quantity: Ratio) -> Exact {
        let above = minus(quantity, of(self.tariff.free))?;
        Ok(if above.numerator() > 0 { above } else { Ratio::ZERO })
    }

    fn each(&self, tag: &crate::measure::PriceTag) -> Exact {
        over(tag.amount.exact(self.tariff.currency, 1, 1)?, of(tag.per.count))
    }

    fn tiers(&self) -> Result<Vec<SlowTier>, MoneyError> {
        let priced = |tier: &Tier| {
            let each = tier.price.as_ref().map_or(Ok(Ratio::ZERO), |tag| self.each(tag))?;
            Ok((tier.upto.map(of), each, units(tier.flat)))
        };
        match &self.tariff.model {
            Model::Unit(tag) => Ok(vec![(None, self.each(tag)?, Ratio::ZERO)]),
            Model::Graduated(tiers) | Model::Volume(tiers) => tiers.iter().map(priced).collect(),
            Model::Percentage { percent, .. } => {
                Ok(vec![(None, part(*percent).checked_mul(self.major())?, Ratio::ZERO)])
            }
            Model::GraduatedPercentage(tiers) => tiers
                .iter()
                .map(|tier| Ok((tier.upto.map(of), part(tier.percent).checked_mul(self.major())?, units(tier.flat))))
                .collect(),
            Model::Dynamic { factor } => {
                let factor = Ratio::new(i128::from(factor.trillionths()), 1_000_000_000_000)?;
                Ok(vec![(None, factor.checked_mul(self.major())?, Ratio::ZERO)])
            }
            Model::Package(_) => unreachable!("packages have no tiers"),
        }
    }

    /// The list price of what lies above the free part.
    fn list(&self, quantity: Ratio) -> Exact {
        if let Model::Package(tag) = &self.tariff.model {
            let packages = over(quantity, of(tag.per.count))?;
            let begun = div_round(packages.numerator(), packages.denominator(), Rounding::Ceiling)?;
            return tag.amount.exact(self.tariff.currency, begun, 1);
        }
        let by_volume = matches!(self.tariff.model, Model::Volume(_));
        let (mut sum, mut lower) = (Ratio::ZERO, Ratio::ZERO);
        for (upto, each, flat) in self.tiers()? {
            let beyond = match upto {
                Some(upto) => is_above(quantity, upto)?,
                None => false,
            };
            if is_above(quantity, lower)? && by_volume && !beyond {
                return each.checked_mul(quantity)?.checked_add(flat);
            }
            if is_above(quantity, lower)? && !by_volume {
                let upper = if beyond { upto.unwrap() } else { quantity };
                sum = sum.checked_add(flat)?.checked_add(each.checked_mul(minus(upper, lower)?)?)?;
            }
            lower = upto.unwrap_or(lower);
        }
        Ok(sum)
    }

    fn round(&self, list: Ratio, net: Ratio) -> Result<Charge, MoneyError> {
        let money = |exact: Ratio| {
            let amount = Money::from_units(exact.round(Rounding::HalfEven)?, self.tariff.currency);
            self.tariff.cap.map_or(Ok(amount), |cap| amount.checked_min(cap))
        };
        Ok(Charge { list: money(list)?, net: money(net)? })
    }

    fn amount(&self, total: i128) -> Result<Charge, MoneyError> {
        let list = self.list(self.above_free(self.converted(total.max(0))?)?)?;
        self.round(list, list.checked_mul(self.left())?)
    }

    fn amount_of(&self, events: &[Event]) -> Result<Charge, MoneyError> {
        let mut events = events.to_vec();
        events.sort_by_key(|event| (event.at, event.id));
        let (mut list, mut net) = (Ratio::ZERO, Ratio::ZERO);
        let (mut total, mut before) = (0, Ratio::ZERO);
        for (count, event) in (1..).zip(&events) {
            total += i128::from(event.value.millionths());
            let after = self.converted(total)?;
            if let Some(cost) = self.one(count, before, after)? {
                list = list.checked_add(self.limited(cost)?)?;
                net = net.checked_add(self.limited(cost.checked_mul(self.left())?)?)?;
            }
            before = after;
        }
        self.round(list, net)
    }

    /// What one event costs at the list price; none where it is free.
    fn one(&self, count: u64, before: Ratio, after: Ratio) -> Result<Option<Ratio>, MoneyError> {
        let Model::Percentage { percent, fixed, free_events, free_amount } = &self.tariff.model else {
            if self.tariff.free > Quantity::ZERO && !is_above(after, of(self.tariff.free))? {
                return Ok(None);
            }
            let list = |quantity| self.list(self.above_free(quantity)?);
            return minus(list(after)?, list(before)?).map(Some);
        };
        let free_amount = units(*free_amount);
        let free = over(free_amount, self.major())?.checked_add(of(self.tariff.free))?;
        let among_first = *free_events > 0 && count <= *free_events;
        let by_amount = free != Ratio::ZERO && (*free_events == 0 || among_first);
        let paid = if by_amount {
            if !is_above(after, free)? {
                return Ok(None);
            }
            minus(after, if is_above(before, free)? { before } else { free })?
        } else if among_first {
            return Ok(None);
        } else {
            minus(after, before)?
        };
        paid.checked_mul(part(*percent).checked_mul(self.major())?)?.checked_add(units(*fixed)).map(Some)
    }

    fn limited(&self, cost: Ratio) -> Exact {
        let Each { min, max } = self.tariff.each;
        let lifted = match min {
            Some(min) if is_above(units(Some(min)), cost)? => units(Some(min)),
            _ => cost,
        };
        Ok(match max {
            Some(max) if is_above(lifted, units(Some(max)))? => units(Some(max)),
            _ => lifted,
        })
    }
}

// Made-up tariffs.

fn any_amount() -> impl Strategy<Value = &'static str> {
    select(vec!["0", "0.10", "0.05", "0.0075", "2.49", "15", "0.333333333", "0.00000000015", "1000"])
}

fn any_money() -> impl Strategy<Value = Money> {
    select(vec!["0", "0.01", "0.00000001", "1.75", "12", "100"]).prop_map(usd)
}

fn any_percent() -> impl Strategy<Value = Percent> {
    select(vec!["0%", "0%", "10%", "50%", "33.333%", "12.345678901%", "100%"])
        .prop_map(|text| Percent::parse(text).unwrap())
}

fn any_bounds() -> impl Strategy<Value = Vec<Option<Quantity>>> {
    proptest::collection::btree_set(prop_oneof![1_i64..20, Just(5_000_000), 1_i64..40_000_000], 0..4).prop_map(
        |bounds| bounds.into_iter().map(|bound| Some(Quantity::from_millionths(bound))).chain([None]).collect(),
    )
}

/// In the time given behind the stroke, or for nothing at all.
fn any_tiers(per: &'static str) -> impl Strategy<Value = Vec<Tier>> {
    let tier = (proptest::option::weighted(0.8, any_amount()), proptest::option::weighted(0.3, any_money()));
    (any_bounds(), proptest::collection::vec(tier, 4)).prop_map(move |(bounds, tiers)| {
        let tiers = bounds.into_iter().zip(tiers);
        tiers
            .map(|(upto, (price, flat))| Tier { upto, price: price.map(|price| tag(&format!("{price}{per}"))), flat })
            .collect()
    })
}

fn any_time() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", " / call", " / call-hour", " / call-month", " / hour"])
}

fn any_model() -> impl Strategy<Value = Model> {
    let package = (any_amount(), select(vec![" / 10 calls", " / 0.7 calls", " / 3 hours", ""]));
    let percent_tiers =
        (any_bounds(), proptest::collection::vec((any_percent(), proptest::option::of(any_money())), 4));
    prop_oneof![
        (any_amount(), any_time()).prop_map(|(amount, time)| Model::Unit(tag(&format!("{amount}{time}")))),
        any_time().prop_flat_map(any_tiers).prop_map(Model::Graduated),
        any_time().prop_flat_map(any_tiers).prop_map(Model::Volume),
        package.prop_map(|(amount, size)| Model::Package(tag(&format!("{amount}{size}")))),
        (any_percent(), proptest::option::of(any_money()), 0_u64..3, proptest::option::of(any_money())).prop_map(
            |(percent, fixed, free_events, free_amount)| Model::Percentage { percent, fixed, free_events, free_amount }
        ),
        percent_tiers.prop_map(|(bounds, tiers)| {
            let tiers = bounds.into_iter().zip(tiers);
            Model::GraduatedPercentage(
                tiers.map(|(upto, (percent, flat))| PercentTier { upto, percent, flat }).collect(),
            )
        }),
        (0_u64..2_000_000_000_000)
            .prop_map(|trillionths| Model::Dynamic { factor: Factor::from_trillionths(trillionths) }),
    ]
}

fn any_conversion() -> impl Strategy<Value = Conversion> {
    let round = prop_oneof![Just(None), select(Rounding::ALL.to_vec()).prop_map(Some)];
    (select(vec!["1000", "3", "0.7", "1"]), round).prop_map(|(per, round)| Conversion {
        per: quantity(per),
        round,
        unit: unit("call"),
    })
}

/// Tariffs that can be compiled. Where `each` is asked for, over models that have it.
fn any_tariff(with_each: bool) -> impl Strategy<Value = Tariff> {
    let each = (proptest::option::of(any_money()), proptest::option::of(any_money()));
    let free = prop_oneof![Just(0_i64), 0_i64..3, 0_i64..10_000_000];
    (
        any_model(),
        proptest::option::weighted(0.3, any_conversion()),
        free,
        any_percent(),
        proptest::option::weighted(0.3, any_money()),
        each,
    )
        .prop_map(move |(model, convert, free, discount, cap, (min, max))| Tariff {
            currency: Currency::USD,
            unit: Some(unit("call")),
            step: DataStep::Binary,
            convert,
            free: Quantity::from_millionths(free),
            model,
            discount,
            each: if with_each { Each { min, max } } else { Each::NONE },
            cap,
            minimum: None,
        })
}

fn priced_in_total() -> impl Strategy<Value = (Tariff, Formula)> {
    any_tariff(false).prop_filter_map("prices a total", |tariff| {
        let formula = tariff.formula(MONTH).ok()?;
        (!formula.needs_events()).then_some((tariff, formula))
    })
}

/// Totals near the bounds of tiers, and anywhere else.
fn any_total(tariff: &Tariff) -> impl Strategy<Value = i128> + use<> {
    let slow = Slow { tariff };
    let seconds = slow.time_seconds();
    let per = tariff.convert.as_ref().map_or(1_000_000, |convert| i128::from(convert.per.millionths()));
    let mut bounds: Vec<i128> = match &tariff.model {
        Model::Graduated(tiers) | Model::Volume(tiers) => {
            tiers.iter().filter_map(|tier| tier.upto).map(|upto| i128::from(upto.millionths())).collect()
        }
        Model::Package(tag) => (0..4).map(|count| count * i128::from(tag.per.count.millionths())).collect(),
        _ => Vec::new(),
    };
    bounds.push(0);
    let free = i128::from(tariff.free.millionths());
    let ticks: Vec<i128> = bounds.iter().map(|bound| (bound + free) * per * seconds / 1_000_000).collect();
    prop_oneof![
        (select(ticks), -2_i128..=2).prop_map(|(tick, step)| tick + step),
        0_i128..100_000_000,
        (0_i128..100_000_000).prop_map(move |total| total * seconds),
        (any::<u64>(), 0_u32..60).prop_map(|(total, shift)| i128::from(total >> shift)),
    ]
}

fn with_totals() -> impl Strategy<Value = (Tariff, Formula, Vec<i128>)> {
    priced_in_total().prop_flat_map(|(tariff, formula)| {
        let totals = proptest::collection::vec(any_total(&tariff), 1..8);
        (Just(tariff), Just(formula), totals)
    })
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let value = prop_oneof![0_i64..4, 0_i64..30_000_000, Just(1_000_000), any::<u32>().prop_map(i64::from)];
    proptest::collection::btree_map(any::<u128>(), (0_i64..5, value), 0..8).prop_map(|events| {
        let event = |(id, (second, value))| Event {
            at: Instant::from_micros(second),
            id,
            value: Quantity::from_millionths(value),
        };
        events.into_iter().map(event).collect()
    })
}

fn with_events() -> impl Strategy<Value = (Tariff, Formula, Vec<Event>, Vec<Event>)> {
    let priced = any_tariff(true).prop_filter_map("prices events", |tariff| {
        let formula = tariff.formula(MONTH).ok()?;
        Some((tariff, formula))
    });
    let both = any_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()));
    (priced, both).prop_map(|((tariff, formula), (events, shuffled))| (tariff, formula, events, shuffled))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    /// Where the slow way has an answer, the formula has the same; where that overflows, the formula may have one, as it is
    /// exact beyond 128 bits.
    #[test]
    fn a_formula_is_the_definitions((tariff, formula, totals) in with_totals()) {
        let slow = Slow { tariff: &tariff };
        for total in totals {
            match slow.amount(total) {
                Ok(expected) => prop_assert_eq!(formula.amount(total), Ok(expected), "{}", total),
                Err(MoneyError::Overflow { .. }) => {}
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn a_fold_is_the_definitions_in_any_order((tariff, formula, events, shuffled) in with_events()) {
        let found = formula.amount_of(&events);
        prop_assert_eq!(&formula.amount_of(&shuffled), &found);
        if let Ok(expected) = (Slow { tariff: &tariff }).amount_of(&events)
            && formula.needs_events()
        {
            prop_assert_eq!(&found, &Ok(expected));
        }
        let mut sorted = events;
        sorted.sort_unstable();
        let mut fold = formula.fold();
        for (place, event) in sorted.iter().enumerate() {
            let after = fold.push(event);
            prop_assert_eq!(&after, &formula.amount_of(&sorted[..=place]));
            prop_assert_eq!(after.is_ok(), true);
        }
        prop_assert_eq!(&fold.charge(), &found);
        let explained = fold.explain().unwrap();
        prop_assert_eq!(explained.net, found.clone().unwrap().net);
        let last = explained.steps.iter().filter_map(Step::amount).next_back();
        prop_assert_eq!(last, Some(explained.net));
        if !formula.needs_events() {
            let total = sorted.iter().map(|event| i128::from(event.value.millionths())).sum();
            prop_assert_eq!(formula.amount(total), found);
        }
    }

    #[test]
    fn an_explanation_ends_at_the_amount((_, formula, totals) in with_totals()) {
        for total in totals {
            if let (Ok(explained), Ok(charge)) = (formula.explain(total), formula.amount(total)) {
                prop_assert_eq!(explained.net, charge.net, "{}", explained);
                let last = explained.steps.iter().filter_map(Step::amount).next_back();
                prop_assert_eq!(last, Some(charge.net));
                prop_assert!(!explained.to_string().is_empty());
            }
        }
    }

    /// Net within list, list within the cap, nothing below zero; more use never costs less, but by volume.
    #[test]
    fn amounts_keep_their_bounds((tariff, formula, mut totals) in with_totals()) {
        totals.sort_unstable();
        let mut before = Charge::zero(Currency::USD);
        for total in totals {
            let Ok(charge) = formula.amount(total) else { continue };
            prop_assert!(charge.net.units() >= 0 && charge.net.units() <= charge.list.units());
            prop_assert!(tariff.cap.is_none_or(|cap| charge.list.units() <= cap.units()));
            prop_assert!(!charge.discount().unwrap().is_negative());
            if !matches!(tariff.model, Model::Volume(_)) {
                prop_assert!(charge.net.units() >= before.net.units() && charge.list.units() >= before.list.units());
            }
            before = charge;
        }
    }

    /// Posting G(now) - posted at whatever cuts there are makes one posting of the whole, also where late facts lower it.
    #[test]
    fn cuts_change_no_total((_, formula, totals) in with_totals()) {
        let mut posted = Charge::zero(Currency::USD);
        let mut last = posted;
        for total in totals {
            let Ok(now) = formula.amount(total) else { continue };
            let step = now.checked_sub(posted).unwrap();
            posted = posted.checked_add(step).unwrap();
            last = now;
        }
        prop_assert_eq!(posted, last);
    }

    /// A linear price needs no memory: parts cost what the whole costs, within the rounding of each.
    #[test]
    fn linear_prices_are_additive((_, formula, totals) in with_totals()) {
        if formula.is_linear() {
            let parts: Vec<i64> =
                totals.iter().filter_map(|total| formula.amount((*total).max(0)).ok()).map(|charge| charge.net.units()).collect();
            let whole = formula.amount(totals.iter().map(|total| (*total).max(0)).sum());
            if let (true, Ok(whole)) = (parts.len() == totals.len(), whole) {
                let apart = parts.iter().map(|part| i128::from(*part)).sum::<i128>() - i128::from(whole.net.units());
                prop_assert!(apart.abs() * 2 <= parts.len() as i128 + 1);
            }
        }
    }

    /// Whatever numbers come, there is an answer or an error.
    #[test]
    fn extreme_totals_are_answered((_, formula, _) in with_totals(), total in any::<i128>(), shift in 0_u32..127) {
        let _ = (formula.amount(total), formula.amount(total >> shift), formula.explain(total));
        let coverage = Coverage { covered_seconds: 1, period_seconds: 3 };
        let _ = formula.amount_at_close(total >> shift, coverage);
    }

    #[test]
    fn extreme_events_are_answered(tariff in any_tariff(true), values in proptest::collection::vec(any::<i64>(), 0..5)) {
        if let Ok(formula) = tariff.formula(i64::MAX) {
            let mut fold = formula.fold();
            for value in values {
                let _ = fold.push(&Event { at: Instant::EPOCH, id: 1, value: Quantity::from_millionths(value) });
                let _ = fold.explain();
            }
        }
    }

    #[test]
    fn a_run_is_its_rate_times_seconds(
        amount in any_amount(), per in select(vec![" / hour", " / month", " / day", " / second", " / 3 hours"]),
        millionths in 0_i64..20_000_000, share in 0_u64..=1_000_000_000_000, discount in any_percent(),
        cuts in proptest::collection::vec(0_i64..2_000_000, 1..8),
    ) {
        let price = tag(&format!("{amount}{per}"));
        let share = Factor::from_trillionths(share);
        let spec = LinearPrice {
            currency: Currency::USD, price: &price, unit: None, step: DataStep::Binary,
            quantity: Quantity::from_millionths(millionths), share, discount, month_seconds: MONTH,
        };
        let Ok(linear) = spec.compile() else { return Ok(()) };
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut posted, mut from) = (Charge::zero(Currency::USD), 0);
        for to in cuts {
            posted = posted.checked_add(linear.charge_between(from, to).unwrap()).unwrap();
            from = to;
        }
        prop_assert_eq!(posted, linear.charge_at(from).unwrap());
        prop_assert_eq!(posted.net.units(), linear.amount_at(from).unwrap());
        prop_assert!(posted.net.units() <= posted.list.units());
        // price x quantity x share x (1 - discount) x seconds / seconds of the time
        let seconds = price.per.time.and_then(TimeUnit::seconds).unwrap_or(MONTH);
        let exact = || {
            over(price.amount.exact(Currency::USD, i128::from(from), i128::from(seconds))?, of(price.per.count))?
                .checked_mul(of(Quantity::from_millionths(millionths)))?
                .checked_mul(Ratio::new(i128::from(share.trillionths()), 1_000_000_000_000)?)?
                .checked_mul(minus(whole(1), part(discount))?)?
                .round(Rounding::HalfEven)
        };
        if let Ok(expected) = exact() {
            prop_assert_eq!(posted.net.units(), expected);
        }
    }

    /// However often a resource is resized, stopped and started under caps, it never costs more than the largest cap.
    #[test]
    fn a_cap_is_never_exceeded(runs in proptest::collection::vec((0_i64..1_000, 0_i64..1_000, 0_i64..1_500), 1..8)) {
        let money = |units| Money::from_units(units, Currency::USD);
        let mut spent = Charge::zero(Currency::USD);
        let most = runs.iter().map(|(_, _, cap)| *cap).max().unwrap();
        for (list, off, cap) in runs {
            let run = Charge { list: money(list), net: money(list - off.min(list)) };
            let under = capped(money(cap), spent, run).unwrap();
            prop_assert!(under.net.units() >= 0 && under.net.units() <= run.net.units());
            spent = spent.checked_add(under).unwrap();
            prop_assert!(spent.net.units() <= most && spent.list.units() <= most);
        }
    }

    #[test]
    fn a_session_is_never_shorter_than_it_was(seconds in 0_i64..1_000_000, round_up in 0_u32..10_000, min in 0_u32..10_000) {
        use crate::time::Duration;
        let session = Session { round_up: Duration::from_seconds(round_up), min: Duration::from_seconds(min) };
        let billed = session.billed_seconds(seconds).unwrap();
        prop_assert!(billed >= seconds && (seconds == 0 || billed >= i64::from(min)));
        prop_assert!(billed < seconds + i64::from(round_up).max(i64::from(min)).max(1) + 1);
        prop_assert_eq!(session.seconds_missing(seconds).unwrap(), billed - seconds);
    }
}
