//! One customer of the demo: what it will do today, given what the engine says it has.
//!
//! It knows what it started and nothing of money but what it is told: amounts, charges and debts are the engine's. How an
//! action is carried out is `desk.rs`.

use super::cast::Temper;
use super::dice::Dice;
use super::menu::Menu;
use super::names;
use farthing_core::id::HoldId;

/// Something a customer, or the cloud for it, does at a second of the day.
#[derive(Clone, Debug)]
pub(super) enum Action {
    TopUp {
        coins: i64,
    },
    Grant {
        number: usize,
    },
    Start {
        thing: Thing,
    },
    Stop {
        name: String,
    },
    /// Told only now, though it was so many seconds ago.
    StopLate {
        name: String,
        seconds_ago: i64,
    },
    Resume {
        name: String,
    },
    Size {
        name: String,
        size: i64,
    },
    Sku {
        name: String,
        machine: usize,
    },
    Delete {
        name: String,
    },
    Use {
        which: usize,
        /// Told so many seconds after it was used.
        late_seconds: i64,
    },
    /// The cloud's own trial.
    Trial,
    /// Buys a term: which of the menu's, and whether a card pays it.
    Order {
        name: String,
        term: usize,
        by_card: bool,
    },
    /// Ends what it bought, now.
    EndTerm {
        name: String,
    },
    /// How full what it bought is.
    Fill {
        name: String,
        size: i64,
    },
    BuyUnits {
        packs: i64,
    },
    /// Pays whatever bills are due, by hand.
    PayBills,
    DisputeBill,
    /// With a card whose owner will complain.
    PayDoubtfully {
        coins: i64,
    },
    RequestInvoice,
    AskBack {
        coins: i64,
    },
    Authorise {
        call: i64,
        cents: i64,
        lasts_seconds: i64,
    },
    Capture {
        call: i64,
        cents: i64,
        last: bool,
    },
    Release {
        call: i64,
    },
}

/// Something of a customer that runs, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) name: String,
    pub(super) what: What,
    pub(super) runs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Which of the menu's.
    Machine(usize),
    /// Which of the menu's, and how large.
    Space(usize, i64),
    /// Which of those that use units.
    UnitMachine(usize),
}

/// Which day of the story it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Today {
    pub(super) day: i64,
    pub(super) days: i64,
    /// No weekend.
    pub(super) works: bool,
}

/// What the engine says of an account, as far as its owner cares.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// At today's rate; none: nothing runs off the balance.
    pub(super) days_left: Option<i64>,
    pub(super) available_coins: i64,
    pub(super) owed: bool,
    pub(super) out: bool,
}

/// How a customer comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joins {
    pub(super) prepaid: bool,
    /// It is one of those that every cloud has.
    pub(super) first: bool,
    /// How long the story is.
    pub(super) days: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) temper: Temper,
    /// Whether it pays ahead; the others wait for their bill.
    pub(super) prepaid: bool,
    /// The day it joins.
    pub(super) joined: i64,
    /// Whether it has: the story may end before its hour.
    pub(super) here: bool,
    pub(super) things: Vec<Thing>,
    pub(super) calls: Vec<(i64, HoldId)>,
    pub(super) top_ups: usize,
    pub(super) gifts: usize,
    /// What it bought for a time, by its name.
    pub(super) terms: Vec<String>,
    first_machine: usize,
    spread: i64,
    started: usize,
    calls_made: i64,
    /// What the cloud stopped when the money had run out.
    cut_off: bool,
}

const HOUR: i64 = 3_600;

impl Customer {
    pub(super) fn new(name: &str, temper: Temper, menu: &Menu, joins: Joins, dice: &mut Dice) -> Customer {
        let Joins { prepaid, first, days } = joins;
        let joined = match temper {
            // Of many, more come every week.
            Temper::Trial if !first => days - dice.between(2, days.max(2)),
            Temper::LatePayer | Temper::Leaver | Temper::Disputer => dice.between(0, days / 6),
            _ if !first => {
                let (one, other) = (dice.between(0, days * 8 / 10), dice.between(0, days * 8 / 10));
                one.max(other)
            }
            Temper::Trial => days - days.min(2),
            Temper::Registered => days - days.min(3),
            Temper::Steady | Temper::Growing => dice.between(0, days / 3),
            _ => dice.between(0, days / 8),
        };
        // Those who count every coin have the cheapest machines; nobody begins with the dearest.
        let machines = i64::try_from(menu.machines.len()).unwrap_or(0);
        let most = match temper {
            Temper::NearlyEmpty | Temper::Trial | Temper::Promoted | Temper::Growing => (machines - 1) / 3,
            _ => (machines - 1) * 3 / 4,
        };
        Customer {
            name: name.to_owned(),
            temper,
            prepaid,
            joined,
            here: false,
            things: Vec::new(),
            terms: Vec::new(),
            calls: Vec::new(),
            top_ups: 0,
            gifts: 0,
            first_machine: usize::try_from(dice.between(0, most.max(0))).unwrap_or(0),
            spread: dice.between(0, 6),
            started: 0,
            calls_made: 0,
            cut_off: false,
        }
    }

    /// Whether it asks today what it has: those near the edge daily, the others now and then.
    pub(super) fn looks(&self, day: i64) -> bool {
        let often = matches!(self.temper, Temper::NearlyEmpty | Temper::RanDry | Temper::Trial | Temper::Promoted);
        day > self.joined && self.temper != Temper::Registered && (often || (day + self.spread) % 3 == 0)
    }

    /// What it will do today, each with its second of the day.
    pub(super) fn plan(
        &mut self,
        today: Today,
        seen: Option<Seen>,
        menu: &Menu,
        dice: &mut Dice,
    ) -> Vec<(i64, Action)> {
        let Today { day, days, .. } = today;
        if day < self.joined || self.temper == Temper::Registered {
            return Vec::new();
        }
        let mut plan = Vec::new();
        if day == self.joined {
            self.plan_beginning(menu, dice, &mut plan);
            return plan;
        }
        // How far the story is, in hundredths.
        let story = day * 100 / days.max(1);
        if let Some(seen) = seen {
            self.plan_money(seen, story, menu, dice, &mut plan);
        }
        if !self.cut_off {
            self.plan_work(today, story, menu, dice, &mut plan);
        }
        plan
    }

    /// Money first, then what it is for.
    fn plan_beginning(&mut self, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        match self.temper {
            Temper::Trial if menu.trial => plan.push((dice.between(24_000, 27_000), Action::Trial)),
            Temper::Trial | Temper::Promoted => {
                plan.push((dice.between(24_000, 27_000), Action::Grant { number: 0 }));
            }
            _ => {}
        }
        let machines: &[usize] = match self.temper {
            Temper::Jobs => &[],
            Temper::Steady | Temper::Silent => &[0, 1],
            _ => &[0],
        };
        for step in machines {
            if let Some(place) = self.machine_place(menu, *step) {
                let thing = self.thing(What::Machine(place));
                plan.push((dice.between(32_500, 36_000), Action::Start { thing }));
            }
        }
        let roomy = !matches!(self.temper, Temper::Trial | Temper::NearlyEmpty | Temper::Jobs);
        for place in 0..menu.spaces.len().min(2) {
            if roomy || menu.machines.is_empty() {
                let thing = self.thing(What::Space(place, dice.between(3, 60) * 10));
                plan.push((dice.between(36_500, 40_000), Action::Start { thing }));
            }
        }
        if let Some(units) =
            menu.units.as_ref().filter(|_| matches!(self.temper, Temper::Steady | Temper::Caller | Temper::Growing))
        {
            plan.push((dice.between(32_100, 32_400), Action::BuyUnits { packs: 1 }));
            let last = i64::try_from(units.machines.len()).unwrap_or(1) - 1;
            let place = usize::try_from(dice.between(0, last.max(0))).unwrap_or(0);
            let thing = self.thing(What::UnitMachine(place));
            plan.push((dice.between(36_100, 36_400), Action::Start { thing }));
        }
        // Where there is little to start by the hour, customers have something for a time.
        let buys = self.temper == Temper::Subscriber
            || (menu.machines.is_empty() && !matches!(self.temper, Temper::Trial | Temper::Registered | Temper::Jobs));
        if buys {
            self.plan_order(menu, dice, plan);
        }
        if self.temper != Temper::Trial {
            let coins = self.top_up_coins(menu, plan);
            plan.push((dice.between(27_500, 32_000), Action::TopUp { coins }));
        }
    }

    /// Something for a time: none of the dearest.
    fn plan_order(&mut self, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let most = i64::try_from(menu.terms.len()).unwrap_or(0) * 2 / 3;
        if menu.terms.is_empty() {
            return;
        }
        let term = usize::try_from(dice.between(0, most.max(1) - 1)).unwrap_or(0);
        let kind = menu.terms[term].product.to_string();
        let name = format!("{}-{kind}-{}", self.name, self.terms.len() + 1);
        plan.push((dice.between(32_500, 33_500), Action::Order { name, term, by_card: self.spread % 2 == 0 }));
    }

    /// The machine so many steps above its first one.
    fn machine_place(&self, menu: &Menu, step: usize) -> Option<usize> {
        let last = menu.machines.len().checked_sub(1)?;
        Some((self.first_machine + step).min(last))
    }

    fn thing(&mut self, what: What) -> Thing {
        let number = self.started;
        self.started += 1;
        let kind = match what {
            What::Machine(_) if self.temper == Temper::Jobs => "job",
            What::Machine(_) => names::of_machine(number + usize::try_from(self.spread).unwrap_or(0)),
            What::Space(..) => "data",
            What::UnitMachine(_) => "gpu",
        };
        Thing { name: format!("{}-{kind}-{}", self.name, number + 1), what, runs: true }
    }

    fn plan_money(&mut self, seen: Seen, story: i64, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        // Who waits for a bill needs money for what is held only.
        if !self.prepaid && self.temper != Temper::Caller {
            return;
        }
        let pays = self.wants_money(seen, story);
        if pays {
            let coins = self.top_up_coins(menu, &[]);
            plan.push((dice.between(27_000, 31_000), Action::TopUp { coins }));
        }
        if self.cut_off && (pays || !seen.out) {
            self.cut_off = false;
            let stopped: Vec<String> = self.machines(menu.suspends).map(|thing| thing.name.clone()).collect();
            let by_hand = self.temper != Temper::OfficeHours && !(menu.suspends && menu.resumes);
            for name in stopped.into_iter().filter(|_| by_hand) {
                plan.push((dice.between(31_500, 40_000), Action::Resume { name }));
            }
        } else if seen.out && !pays && menu.suspends {
            // What happens now is the cloud's.
            self.cut_off = true;
        } else if seen.out && !pays {
            // The cloud has waited long enough.
            self.cut_off = true;
            for thing in self.machines(true) {
                plan.push((dice.between(3_000, 5_000), Action::Stop { name: thing.name.clone() }));
            }
        }
    }

    fn wants_money(&self, seen: Seen, story: i64) -> bool {
        let lasts_less_than =
            |days: i64| seen.days_left.map_or(seen.available_coins < 5 || seen.owed, |left| left < days);
        match self.temper {
            Temper::NearlyEmpty => lasts_less_than(1),
            Temper::RanDry => lasts_less_than(1) && !(45..52).contains(&story) && story < 88,
            Temper::Promoted => lasts_less_than(3),
            Temper::Trial | Temper::Registered | Temper::Leaver => false,
            _ => lasts_less_than(5),
        }
    }

    /// Enough for as many days as it likes to think of: what runs, what is planned, and something for what is counted.
    fn top_up_coins(&self, menu: &Menu, plan: &[(i64, Action)]) -> i64 {
        let planned = plan.iter().filter_map(|(_, action)| match action {
            Action::Start { thing, .. } => Some(thing),
            _ => None,
        });
        let machine = |thing: &Thing| match thing.what {
            What::Machine(place) => menu.machines[place].hour_costs,
            What::Space(..) | What::UnitMachine(_) => 0,
        };
        let ordered = plan.iter().map(|(_, action)| match action {
            Action::Order { term, .. } => menu.terms[*term].costs * 5 / 4,
            Action::BuyUnits { .. } => 100 * menu.coin,
            _ => 0,
        });
        let ordered: i64 = ordered.sum();
        let hour: i64 = self.things.iter().chain(planned).map(machine).sum();
        let hour = if self.temper == Temper::Jobs {
            self.machine_place(menu, 0).map_or(0, |place| menu.machines[place].hour_costs / 3)
        } else {
            hour
        };
        let days = match self.temper {
            Temper::NearlyEmpty => 3,
            Temper::RanDry => 9,
            Temper::Promoted => 12,
            _ => 30,
        };
        let cost = (hour.saturating_mul(24 * days) + ordered) / menu.coin + 2 * days;
        (cost / 10 * 10).max(20)
    }

    /// Its machines that run, or those that do not.
    pub(super) fn machines(&self, running: bool) -> impl Iterator<Item = &Thing> {
        self.things.iter().filter(move |thing| matches!(thing.what, What::Machine(_)) && thing.runs == running)
    }

    /// What its machines do today.
    fn plan_work(&mut self, today: Today, story: i64, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let day = today.day;
        self.plan_use(day, menu, dice, plan);
        self.plan_terms(today, menu, dice, plan);
        let age = day - self.joined;
        match self.temper {
            Temper::LatePayer if menu.disputes && day % 30 == 12 && story < 75 => {
                plan.push((dice.between(30_000, 40_000), Action::PayBills));
            }
            Temper::Disputer if menu.disputes && day % 30 == 6 => {
                plan.push((dice.between(30_000, 40_000), Action::DisputeBill));
            }
            Temper::Disputer if age == 20 => {
                plan.push((dice.between(30_000, 40_000), Action::PayDoubtfully { coins: 30 }));
            }
            Temper::Steady if menu.on_request && age > 20 && age % 30 == 21 => {
                plan.push((dice.between(30_000, 40_000), Action::RequestInvoice));
            }
            Temper::Promoted if menu.refunds && age == 40 => {
                plan.push((dice.between(30_000, 40_000), Action::AskBack { coins: 10 }));
            }
            _ => {}
        }
        match self.temper {
            Temper::OfficeHours if today.works => {
                for thing in self.things.iter().filter(|thing| matches!(thing.what, What::Machine(_))) {
                    let name = thing.name.clone();
                    plan.push((dice.between(7 * HOUR, 9 * HOUR), Action::Resume { name: name.clone() }));
                    plan.push((dice.between(16 * HOUR, 18 * HOUR), Action::Stop { name }));
                }
            }
            Temper::Jobs if (day + self.spread) % 2 == 0 => self.plan_job(menu, dice, plan),
            Temper::Growing => self.plan_growth(day, story, menu, dice, plan),
            Temper::Caller => self.plan_calls(day, dice, plan),
            Temper::Corrected if day % 12 == 5 => {
                for thing in self.machines(true) {
                    let name = thing.name.clone();
                    let seconds_ago = dice.between(20 * HOUR, 40 * HOUR);
                    plan.push((dice.between(30_000, 40_000), Action::StopLate { name: name.clone(), seconds_ago }));
                    plan.push((dice.between(41_000, 50_000), Action::Resume { name }));
                }
            }
            Temper::Promoted if story >= 62 && self.gifts == 1 => {
                plan.push((dice.between(24_000, 27_000), Action::Grant { number: 1 }));
            }
            _ => {}
        }
    }

    fn plan_use(&self, day: i64, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let times = match self.temper {
            Temper::Caller => 4,
            Temper::Steady | Temper::Growing | Temper::Promoted | Temper::RanDry => 1,
            _ => i64::from(day % 4 == 1),
        };
        if menu.uses.is_empty() {
            return;
        }
        let last = i64::try_from(menu.uses.len() - 1).unwrap_or(0);
        for _ in 0..times {
            let which = usize::try_from((self.spread + dice.between(0, 1)) % (last + 1)).unwrap_or(0);
            let second = dice.between(4 * HOUR, 22 * HOUR);
            // One event in fifty comes the next morning.
            let late = self.temper != Temper::Caller && dice.between(0, 49) == 0 && day > self.joined + 1;
            let late_seconds = if late { second + dice.between(HOUR, 8 * HOUR) } else { 0 };
            plan.push((second, Action::Use { which, late_seconds }));
        }
    }

    /// What it has for a time: filled where that is measured, ended early by one in two of those who buy most.
    fn plan_terms(&self, today: Today, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let age = today.day - self.joined;
        for name in &self.terms {
            if menu.terms.iter().any(|term| term.measured && name.contains(term.product.as_str())) && age % 7 == 3 {
                plan.push((dice.between(30_000, 60_000), Action::Fill { name: name.clone(), size: 300 + 12 * age }));
            }
            if self.temper == Temper::Subscriber && self.spread % 2 == 1 && age == 24 {
                plan.push((dice.between(30_000, 60_000), Action::EndTerm { name: name.clone() }));
            }
        }
    }

    /// A machine for a few hours, and then never again.
    fn plan_job(&mut self, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let Some(place) = self.machine_place(menu, usize::try_from(dice.between(0, 2)).unwrap_or(0)) else { return };
        let thing = self.thing(What::Machine(place));
        let begins = dice.between(2 * HOUR, 14 * HOUR);
        let name = thing.name.clone();
        plan.push((begins, Action::Start { thing }));
        plan.push((begins + dice.between(HOUR, 8 * HOUR), Action::Delete { name }));
    }

    fn plan_growth(&mut self, day: i64, story: i64, menu: &Menu, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let age = day - self.joined;
        if age % 25 == 0
            && self.started < 8
            && let Some(place) = self.machine_place(menu, self.started)
        {
            let thing = self.thing(What::Machine(place));
            plan.push((dice.between(32_500, 36_000), Action::Start { thing }));
        }
        for thing in &self.things {
            let name = thing.name.clone();
            match thing.what {
                What::Space(_, size) if age % 9 == 4 => {
                    plan.push((dice.between(30_000, 60_000), Action::Size { name, size: size + dice.between(2, 20) }));
                }
                What::Machine(place) if age % 40 == 20 && story > 30 => {
                    let machine = &menu.machines[place];
                    let larger =
                        (place + 1..menu.machines.len()).find(|other| menu.machines[*other].product == machine.product);
                    plan.extend(larger.map(|machine| (dice.between(30_000, 60_000), Action::Sku { name, machine })));
                }
                _ => {}
            }
        }
    }

    /// Money is held before the work, and taken as it is done; one call in three comes to nothing.
    fn plan_calls(&mut self, day: i64, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        if (day + self.spread) % 3 != 0 {
            return;
        }
        let begins = dice.between(9 * HOUR, 20 * HOUR);
        let (call, cents) = (self.calls_made, dice.between(80, 600));
        self.calls_made += 1;
        plan.push((begins, Action::Authorise { call, cents, lasts_seconds: 2 * HOUR }));
        if call % 3 == 2 {
            plan.push((begins + dice.between(60, 600), Action::Release { call }));
            return;
        }
        plan.push((begins + dice.between(60, 600), Action::Capture { call, cents: cents / 2, last: false }));
        plan.push((begins + dice.between(700, 3_000), Action::Capture { call, cents: cents / 4, last: true }));
    }

    /// What was done, if the engine let it.
    pub(super) fn did(&mut self, action: &Action) {
        let set = |things: &mut Vec<Thing>, name: &str, change: &dyn Fn(&mut Thing)| {
            things.iter_mut().filter(|thing| thing.name == name).for_each(change);
        };
        match action {
            Action::Start { thing, .. } => self.things.push(thing.clone()),
            Action::Stop { name } | Action::StopLate { name, .. } => {
                set(&mut self.things, name, &|thing| thing.runs = false);
            }
            Action::Resume { name } => set(&mut self.things, name, &|thing| thing.runs = true),
            Action::Size { name, size } => set(&mut self.things, name, &|thing| {
                if let What::Space(place, _) = thing.what {
                    thing.what = What::Space(place, *size);
                }
            }),
            Action::Sku { name, machine } => set(&mut self.things, name, &|thing| thing.what = What::Machine(*machine)),
            Action::Delete { name } => self.things.retain(|thing| thing.name != *name),
            Action::TopUp { .. } => self.top_ups += 1,
            Action::Grant { .. } => self.gifts += 1,
            Action::Order { name, .. } => self.terms.push(name.clone()),
            Action::EndTerm { name } => self.terms.retain(|term| term != name),
            Action::Use { .. }
            | Action::Authorise { .. }
            | Action::Capture { .. }
            | Action::Release { .. }
            | Action::Trial
            | Action::Fill { .. }
            | Action::BuyUnits { .. }
            | Action::PayBills
            | Action::DisputeBill
            | Action::PayDoubtfully { .. }
            | Action::RequestInvoice
            | Action::AskBack { .. } => {}
        }
    }
}
