//! Thinks of stories: a few things and accounts, prices of every model, a life for each thing, and when it is all told.

use super::drive::{ENOUGH, seconds_of};
use super::price::{Aggregate, DOLLAR, Kind, Length, Model, Per, Price, Product, Settle, Tier, Whose};
use super::story::{Fact, Happening, SECOND, Story, Subject, Thing, What};
use crate::seed::Dice;

/// What a story is to be about.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a kind of story of its own")]
pub struct Taste {
    /// How far beyond its time things are told: 0 at once, 1 some, 2 at any time until the end, 3 all at the end.
    pub late: usize,
    pub versions: bool,
    pub moves: bool,
    pub repeats: bool,
    /// Months take months; without, rating periods are hours.
    pub months: bool,
    pub settle: Option<Settle>,
    pub cash: i64,
}

impl Default for Taste {
    fn default() -> Taste {
        Taste { late: 0, versions: true, moves: true, repeats: true, months: true, settle: None, cash: ENOUGH }
    }
}

const ZONES: [&str; 5] = ["UTC", "UTC", "Europe/Rome", "Asia/Kolkata", "America/New_York"];
/// 2026-02-26, 2026-03-27 (clocks change in Rome two days later), 2026-04-29, at midnight in UTC.
const BEGINNINGS: [i64; 3] = [1_772_064_000, 1_774_569_600, 1_777_420_800];

pub fn story(seed: u64, taste: Taste) -> Story {
    let mut dice = Dice::of(&[seed, 0x0DDF]);
    let start = BEGINNINGS[dice.below(3)] + dice.between(0, 86_399);
    let end =
        start + [2 * 3_600, 9 * 3_600, 30 * 3_600, 3 * 86_400, 6 * 86_400][dice.below(5)] + dice.between(0, 3_600);
    let settle = [Settle::Minutes(60), Settle::Minutes(60), Settle::Minutes(5), Settle::Day];
    let mut products: Vec<Product> = (0..=dice.below(3)).map(|_| product(&mut dice, taste)).collect();
    if products.iter().all(|product| matches!(product.kind, Kind::Usage(_))) && dice.below(2) == 0 {
        products[0] = running(&mut dice, taste);
    }
    let mut things = Vec::new();
    for (number, product) in products.iter().enumerate() {
        if !matches!(product.kind, Kind::Usage(_)) {
            for _ in 0..=dice.below(2) {
                things.push(Thing { product: number, in_project: dice.below(3) > 0 });
            }
        }
    }
    let mut story = Story {
        start,
        end,
        zone: ZONES[dice.below(ZONES.len())],
        settle: taste.settle.unwrap_or(settle[dice.below(4)]),
        // Not by the dice: the stories that are known stay as they were.
        late_hours: [72, 1, 6, 24][usize::try_from(seed % 4).expect("small")],
        accounts: 2,
        cash: taste.cash,
        products,
        things,
        happenings: Vec::new(),
        looks: Vec::new(),
    };
    let mut writer = Writer { dice, taste, next: 0 };
    writer.versions(&mut story);
    writer.lives(&mut story);
    writer.uses(&mut story);
    writer.moves(&mut story);
    writer.repeats(&mut story);
    for _ in 0..3 {
        story.looks.push(writer.dice.between(start, end));
    }
    story
}

struct Writer {
    dice: Dice,
    taste: Taste,
    next: usize,
}

impl Writer {
    fn push(&mut self, story: &mut Story, at_micros: i64, told: i64, what: What) {
        story.happenings.push(Happening { id: self.next, at_micros, told, what });
        self.next += 1;
    }

    fn told(&mut self, story: &Story, at_micros: i64, earliest: i64) -> i64 {
        let first = seconds_of(at_micros).max(earliest);
        let late = match self.taste.late {
            0 => false,
            1 => self.dice.below(4) == 0,
            _ => true,
        };
        match self.taste.late {
            3 => story.end,
            _ if late => self.dice.between(first, story.end.max(first)),
            _ => first,
        }
    }

    fn moment(&mut self, from: i64, to: i64) -> i64 {
        let second = self.dice.between(from, to - 1) * SECOND;
        // Often on the dot, often in the same second as something else.
        second + [0, 0, self.dice.between(1, 999_999)][self.dice.below(3)]
    }

    fn lives(&mut self, story: &mut Story) {
        for number in 0..story.things.len() {
            let product = story.products[story.things[number].product].clone();
            let is_size = matches!(product.kind, Kind::Capacity { .. });
            let skus = product.prices.len();
            let began = self.moment(story.start, story.start + (story.end - story.start) / 2);
            let size = (self.dice.below(2) == 0).then(|| self.size(is_size));
            let first_told = self.told(story, began, 0);
            let sku = self.dice.below(skus);
            self.push(story, began, first_told, What::Fact(number, Fact::Start { sku, size }));
            let mut at = began;
            for _ in 0..self.dice.below(10) {
                let same = self.dice.below(8) == 0;
                let near = self.dice.below(3) == 0;
                let left = story.end * SECOND - at;
                if left < 3 * SECOND {
                    break;
                }
                at = if same {
                    at + 1 + self.dice.between(0, 300_000)
                } else if near {
                    (at + self.dice.between(1, 900) * SECOND).min(story.end * SECOND - SECOND)
                } else {
                    self.moment(at.div_euclid(SECOND) + 1, story.end)
                };
                let fact = self.fact(is_size, skus);
                let told = self.told(story, at, first_told);
                self.push(story, at, told, What::Fact(number, fact));
                if self.dice.below(12) == 0 {
                    // At the same microsecond: what changes the state goes first, a deletion last.
                    let plain = matches!(fact, Fact::Gauge(_) | Fact::Resize { .. });
                    let other = if plain { Fact::Stop } else { Fact::Delete };
                    self.push(story, at, told, What::Fact(number, other));
                }
            }
        }
    }

    fn size(&mut self, is_size: bool) -> i64 {
        if is_size { self.dice.between(0, 40_000) * 1_000 } else { self.dice.between(1, 4) * 1_000_000 }
    }

    fn fact(&mut self, is_size: bool, skus: usize) -> Fact {
        match self.dice.below(if is_size { 14 } else { 10 }) {
            0 | 1 => Fact::Stop,
            2 | 3 => Fact::Resume,
            4 => Fact::Delete,
            5 | 6 => Fact::Restore,
            7 => Fact::Fail,
            8 | 9 => {
                let sku = (skus > 1 && self.dice.below(2) == 0).then(|| self.dice.below(skus));
                let size = (sku.is_none() || self.dice.below(2) == 0).then(|| self.size(is_size));
                Fact::Resize { sku, size }
            }
            _ => Fact::Gauge(self.size(is_size)),
        }
    }

    fn uses(&mut self, story: &mut Story) {
        for number in 0..story.products.len() {
            if !matches!(story.products[number].kind, Kind::Usage(_)) {
                continue;
            }
            for _ in 0..self.dice.below(16) {
                let at = self.moment(story.start, story.end);
                let subject = Subject::Account(self.dice.below(story.accounts));
                let told = self.told(story, at, 0);
                let quantity =
                    [self.dice.between(0, 60) * 1_000_000, self.dice.between(0, 9_000_000)][self.dice.below(2)];
                self.push(story, at, told, What::Use { product: number, subject, quantity });
            }
            // Of a thing, once it is there.
            for (thing, told, began) in starts(story) {
                for _ in 0..self.dice.below(3) {
                    if began + 2 * SECOND >= story.end * SECOND {
                        continue;
                    }
                    let at = self.moment(began.div_euclid(SECOND) + 1, story.end);
                    let told = self.told(story, at, told);
                    let quantity = self.dice.between(1, 20) * 1_000_000;
                    self.push(story, at, told, What::Use { product: number, subject: Subject::Thing(thing), quantity });
                }
            }
        }
    }

    fn moves(&mut self, story: &mut Story) {
        if !self.taste.moves || self.dice.below(3) > 0 {
            return;
        }
        // What is told of a project after it has moved is paid by its new owner: every start is told before.
        let there = starts(story).into_iter().filter(|(thing, ..)| story.things[*thing].in_project);
        let first = there.map(|(_, told, _)| told).max().unwrap_or(story.start) + 1;
        if first >= story.end {
            return;
        }
        let mut owner = 0;
        let mut times: Vec<i64> = (0..=self.dice.below(2)).map(|_| self.dice.between(first, story.end - 1)).collect();
        times.sort_unstable();
        for at in times {
            owner = 1 - owner;
            self.push(story, at * SECOND, at, What::Move(owner));
        }
    }

    fn versions(&mut self, story: &mut Story) {
        if !self.taste.versions || self.dice.below(2) > 0 {
            return;
        }
        let mut known: Vec<i64> = vec![story.start];
        let mut at = story.start;
        for _ in 0..=self.dice.below(3) {
            if at + 2 >= story.end {
                break;
            }
            at = self.dice.between(at + 1, story.end - 1);
            let products = story.products.iter().map(|product| self.repriced(product)).collect();
            let corrects = (self.dice.below(4) == 0).then(|| 1 + self.dice.below(known.len()));
            let starts = (corrects.is_none() && self.dice.below(3) == 0).then(|| self.dice.between(at, story.end));
            known.push(at);
            let corrects = corrects.map(|number| i64::try_from(number).expect("few"));
            self.push(story, at * SECOND, at, What::Version { products, starts, corrects });
        }
    }

    /// The same product at other prices, sometimes at the same.
    fn repriced(&mut self, product: &Product) -> Product {
        if self.dice.below(4) == 0 {
            return product.clone();
        }
        let prices = product.prices.iter().map(|price| {
            let mut price = price.clone();
            let dice = &mut self.dice;
            match &mut price.model {
                Model::Unit(unit) | Model::Package { price: unit, .. } => *unit = amount(dice),
                Model::Graduated(tiers) | Model::Volume(tiers) => {
                    for tier in tiers {
                        tier.price = amount(dice);
                    }
                }
            }
            if dice.below(3) == 0 {
                price.discount_percent = dice.between(0, 50);
            }
            if let Some(cap) = &mut price.cap {
                *cap = dice.between(1, 3 * DOLLAR);
            }
            price
        });
        Product { prices: prices.collect(), ..product.clone() }
    }

    /// Some things are told again, later.
    fn repeats(&mut self, story: &mut Story) {
        if !self.taste.repeats {
            return;
        }
        let again: Vec<Happening> = story
            .happenings
            .iter()
            .filter(|happening| matches!(happening.what, What::Fact(..) | What::Use { .. }))
            .filter(|_| self.dice.below(6) == 0)
            .cloned()
            .collect();
        for happening in again {
            let told = self.dice.between(happening.told, story.end.max(happening.told));
            story.happenings.push(Happening { told, ..happening });
        }
    }
}

/// Each thing with when its start was told, and when it was.
fn starts(story: &Story) -> Vec<(usize, i64, i64)> {
    let mut found: Vec<(usize, i64, i64)> = Vec::new();
    for happening in &story.happenings {
        if let What::Fact(thing, Fact::Start { .. }) = happening.what
            && !found.iter().any(|(other, ..)| *other == thing)
        {
            found.push((thing, happening.told, happening.at_micros));
        }
    }
    found
}

fn amount(dice: &mut Dice) -> i64 {
    [dice.between(1, 99), dice.between(1, 9) * DOLLAR / 10, dice.between(1, 99_999_999)][dice.below(3)]
}

fn product(dice: &mut Dice, taste: Taste) -> Product {
    match dice.below(5) {
        0 | 1 => running(dice, taste),
        2 | 3 => capacity(dice, taste),
        _ => usage(dice, taste),
    }
}

fn period(dice: &mut Dice, taste: Taste) -> Length {
    if taste.months && dice.below(3) > 0 { Length::Month } else { Length::Hours([1, 6, 24, 168][dice.below(4)]) }
}

fn settle(dice: &mut Dice, taste: Taste) -> Option<Settle> {
    if taste.settle.is_some() || dice.below(6) > 0 {
        return None;
    }
    Some([Settle::Minutes(5), Settle::Day, Settle::Minutes(60)][dice.below(3)])
}

fn plain(price: i64, per: Per) -> Price {
    Price { per, model: Model::Unit(price), discount_percent: 0, free: None, cap: None, minimum: None }
}

fn bare(kind: Kind, period: Length) -> Product {
    Product {
        kind,
        fixed: false,
        stopped_percent: 0,
        round_up_seconds: 1,
        min_seconds: 0,
        period,
        prorate: true,
        postpaid: false,
        settle: None,
        prices: Vec::new(),
    }
}

/// A price of some model over totals about as large as `scale`.
fn price(dice: &mut Dice, per: Per, scale: i64, memory: bool, sized: bool) -> Price {
    let mut price = plain(amount(dice), per);
    if dice.below(3) == 0 {
        price.discount_percent = dice.between(1, 60);
    }
    if !memory {
        return price;
    }
    let tiers = |dice: &mut Dice| {
        let first = dice.between(1, scale);
        let flat = |dice: &mut Dice| if dice.below(3) == 0 { amount(dice) } else { 0 };
        vec![
            Tier { upto: Some(first), price: amount(dice), flat: flat(dice) },
            Tier { upto: Some(first + dice.between(1, scale)), price: amount(dice), flat: 0 },
            Tier { upto: None, price: amount(dice), flat: flat(dice) },
        ]
    };
    match dice.below(if per == Per::Each { 6 } else { 5 }) {
        0 => price.model = Model::Graduated(tiers(dice)),
        1 => price.model = Model::Volume(tiers(dice)),
        2 => price.cap = Some(dice.between(1, 3 * DOLLAR)),
        3 => price.minimum = Some(dice.between(1, 3 * DOLLAR)),
        4 if !sized => price.free = Some(dice.between(1, scale)),
        4 => price.cap = Some(dice.between(1, DOLLAR)),
        _ => price.model = Model::Package { price: amount(dice), size: dice.between(1, scale) },
    }
    if dice.below(4) == 0 && !matches!(price.model, Model::Volume(_)) {
        price.cap = Some(dice.between(1, 3 * DOLLAR));
    }
    if dice.below(5) == 0 {
        price.minimum = Some(dice.between(1, 3 * DOLLAR));
    }
    price
}

fn running(dice: &mut Dice, taste: Taste) -> Product {
    let period = period(dice, taste);
    let memory = dice.below(3) == 0;
    let per = if period == Length::Month && dice.below(3) == 0 { Per::Month } else { Per::Hour };
    let first = price(dice, per, 20, memory, false);
    let mut prices = vec![first];
    if dice.below(2) == 0 {
        let mut other = prices[0].clone();
        match &mut other.model {
            Model::Unit(price) => *price = amount(dice),
            Model::Graduated(tiers) | Model::Volume(tiers) => tiers[0].price = amount(dice),
            Model::Package { .. } => {}
        }
        prices.push(other);
    }
    let sessions = dice.below(4) == 0;
    Product {
        fixed: !memory && dice.below(4) == 0,
        stopped_percent: [0, 0, 25, 100][dice.below(4)],
        round_up_seconds: if sessions { [60, 600, 3_600][dice.below(3)] } else { 1 },
        min_seconds: if sessions && dice.below(2) == 0 { dice.between(60, 8_000) } else { 0 },
        prorate: dice.below(4) > 0,
        postpaid: dice.below(6) == 0,
        settle: settle(dice, taste),
        prices,
        ..bare(Kind::Running, period)
    }
}

fn capacity(dice: &mut Dice, taste: Taste) -> Product {
    let period = period(dice, taste);
    let memory = dice.below(3) == 0;
    let per = if period == Length::Month && dice.below(2) == 0 { Per::Month } else { Per::Hour };
    let whose = [Whose::Resource, Whose::Account, Whose::Project][dice.below(3)];
    let free = (dice.below(3) > 0).then(|| (dice.between(1, 30), whose));
    Product {
        stopped_percent: [0, 100][dice.below(2)],
        prorate: dice.below(4) > 0,
        postpaid: dice.below(6) == 0,
        settle: settle(dice, taste),
        prices: vec![price(dice, per, 100, memory, true)],
        ..bare(Kind::Capacity { free }, period)
    }
}

fn usage(dice: &mut Dice, taste: Taste) -> Product {
    let period = period(dice, taste);
    let memory = dice.below(2) == 0;
    let aggregate =
        [Aggregate::Sum, Aggregate::Sum, Aggregate::Count, Aggregate::Max, Aggregate::Latest][dice.below(5)];
    Product {
        postpaid: dice.below(6) == 0,
        settle: settle(dice, taste),
        prices: vec![price(dice, Per::Each, 100, memory, false)],
        ..bare(Kind::Usage(aggregate), period)
    }
}
