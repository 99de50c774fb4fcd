//! One customer of the demo: what it will do today, given what it has.
//!
//! Keeps its balances beside the ledger's, because nobody else posts to it; were the two ever to differ, the ledger would
//! refuse what is asked here, and loading would stop. What an action posts is `desk.rs`.

use super::cast::{Temper, Wallet};
use super::dice::Dice;
use farthing_core::id::HoldId;
use farthing_core::ledger::TransferId;

/// Something a customer does at a second of the day.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    TopUp {
        coins: i64,
    },
    Grant {
        coins: i64,
    },
    Lapse,
    Charge {
        product: Product,
        amount: i64,
    },
    BuyPack {
        units: i64,
        coins: i64,
    },
    /// In millionths of a unit.
    UseUnits {
        micros: i64,
    },
    Authorise {
        call: i64,
        amount: i64,
        lasts_seconds: i64,
    },
    Capture {
        call: i64,
        amount: i64,
        last: bool,
    },
    Release {
        call: i64,
    },
    RefundApproved {
        coins: i64,
    },
    RefundSent,
    Chargeback,
    ChargebackWon,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Product {
    Compute,
    Storage,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Pack {
    pub(super) size: i64,
    pub(super) paid: i64,
    pub(super) used: i64,
}

/// A payment that the bank took back.
#[derive(Clone, Debug)]
pub(super) struct Dispute {
    pub(super) transfers: Vec<TransferId>,
    pub(super) from_cash: i64,
    pub(super) on_debt: i64,
    pub(super) open: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) temper: Temper,
    pub(super) wallet: Wallet,
    pub(super) joined: i64,
    /// A usual day's cost, in the ledger's units.
    day_cost: i64,
    coin: i64,
    pub(super) cash: i64,
    pub(super) held: i64,
    pub(super) credit: i64,
    pub(super) owed: i64,
    pub(super) refund_due: i64,
    pub(super) pack: Option<Pack>,
    /// Open calls: their number, hold and what it still reserves.
    pub(super) calls: Vec<(i64, HoldId, i64)>,
    /// Reserved by holds that nobody will capture: free again tomorrow.
    pub(super) expiring: i64,
    pub(super) top_ups: i64,
    /// The newest payment, and the day it came.
    pub(super) paid: Option<(i64, i64)>,
    pub(super) dispute: Option<Dispute>,
    pub(super) credit_lapsed: bool,
    pub(super) refunded: bool,
}

impl Customer {
    pub(super) fn new(temper: Temper, wallet: Wallet, coin: i64, days: i64, dice: &mut Dice) -> Customer {
        let percent = match temper {
            Temper::Steady | Temper::Refunded { .. } | Temper::Disputed { .. } => dice.between(120, 620),
            Temper::NearlyEmpty => dice.between(60, 140),
            Temper::InDebt => dice.between(210, 330),
            Temper::Caller => dice.between(20, 60),
            Temper::Promoted => dice.between(70, 90),
            Temper::Units => dice.between(40, 120),
            Temper::Trial => dice.between(110, 190),
            Temper::Registered => 0,
        };
        let joined = match temper {
            Temper::Trial => days - days.min(9),
            Temper::Registered => days - days.min(3),
            Temper::Steady => dice.between(0, days / 3),
            _ => dice.between(0, days / 8),
        };
        Customer {
            temper,
            wallet,
            joined,
            day_cost: coin / 100 * percent,
            coin,
            cash: 0,
            held: 0,
            credit: 0,
            owed: 0,
            refund_due: 0,
            pack: None,
            calls: Vec::new(),
            expiring: 0,
            top_ups: 0,
            paid: None,
            dispute: None,
            credit_lapsed: false,
            refunded: false,
        }
    }

    /// What it will do on `day` of `days`, each with its second of the day.
    pub(super) fn plan(&mut self, day: i64, days: i64, dice: &mut Dice) -> Vec<(i64, Action)> {
        self.held -= std::mem::take(&mut self.expiring);
        if day < self.joined || self.temper == Temper::Registered {
            return Vec::new();
        }
        let mut plan = Vec::new();
        // How far the story is, in hundredths.
        let story = day * 100 / days.max(1);
        self.plan_usage(day, dice, &mut plan);
        if self.wants_money(day, story) {
            plan.push((dice.between(27_000, 75_000), Action::TopUp { coins: self.top_up_coins() }));
        }
        self.plan_special(day, story, dice, &mut plan);
        plan
    }

    fn plan_usage(&self, day: i64, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        let stopped = self.dispute.is_some() && self.temper == Temper::Disputed { won: false };
        let refuses = self.owed > 32 * self.coin || (self.temper == Temper::Trial && self.owed > 0);
        if day == self.joined || stopped || refuses {
            return;
        }
        let percent = dice.between(70, 130) - if day % 7 >= 5 { 35 } else { 0 };
        // Prices have four decimals; so have their charges.
        let step = (self.coin / 10_000).max(1);
        let amount = self.day_cost / 100 * percent / step * step;
        plan.push((dice.between(20, 290), Action::Charge { product: Product::Compute, amount }));
        if day % 7 == 3 {
            let amount = self.day_cost / 100 * dice.between(30, 60) / step * step;
            plan.push((dice.between(300, 590), Action::Charge { product: Product::Storage, amount }));
        }
    }

    fn wants_money(&self, day: i64, story: i64) -> bool {
        let free = self.cash - self.held;
        match self.temper {
            Temper::Steady | Temper::Refunded { .. } => free < 6 * self.day_cost,
            Temper::Disputed { won } => free < 6 * self.day_cost && (won || self.dispute.is_none()),
            Temper::NearlyEmpty => free < self.day_cost / 2 || day == self.joined,
            Temper::InDebt => free < self.day_cost && !(45..57).contains(&story) && story < 88,
            Temper::Caller => free < 40 * self.coin,
            Temper::Promoted => free + self.credit < 4 * self.day_cost,
            Temper::Units => {
                free < 6 * self.day_cost
                    || (self.pack.is_none_or(|pack| pack.used >= pack.size) && free < 90 * self.coin)
            }
            Temper::Trial | Temper::Registered => false,
        }
    }

    fn top_up_coins(&self) -> i64 {
        let days = |days: i64| (self.day_cost * days / self.coin / 10 * 10).max(20);
        match self.temper {
            Temper::NearlyEmpty => 10,
            Temper::InDebt => days(9),
            Temper::Caller => 200,
            Temper::Units => 100,
            Temper::Promoted => 25,
            _ => days(30),
        }
    }

    fn plan_special(&self, day: i64, story: i64, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        match self.temper {
            Temper::Trial if day == self.joined => plan.push((30_000, Action::Grant { coins: 20 })),
            Temper::Units => self.plan_units(dice, plan),
            Temper::Caller => self.plan_calls(day, dice, plan),
            Temper::Promoted | Temper::Refunded { .. } | Temper::Disputed { .. } => {
                let turn = self.turn(day, story);
                plan.extend(turn.map(|action| (dice.between(40_000, 60_000), action)));
            }
            Temper::Trial | Temper::Steady | Temper::NearlyEmpty | Temper::InDebt | Temper::Registered => {}
        }
    }

    /// What happens once in a customer's story, if today is the day.
    fn turn(&self, day: i64, story: i64) -> Option<Action> {
        match (self.temper, &self.dispute) {
            (Temper::Promoted, _) if self.credit_lapsed => None,
            (Temper::Promoted, _) if story >= 62 => Some(Action::Lapse),
            (Temper::Promoted, _) => (story >= 30 && self.credit == 0).then_some(Action::Grant { coins: 40 }),
            (Temper::Refunded { sent: true }, _) if self.refund_due > 0 => Some(Action::RefundSent),
            (Temper::Refunded { sent }, _) => {
                let due = story >= if sent { 70 } else { 97 };
                let can = !self.refunded && self.cash > 30 * self.coin;
                (due && can).then_some(Action::RefundApproved { coins: 25 })
            }
            (Temper::Disputed { won }, None) => {
                let (amount, on) = self.paid.filter(|_| story >= 55)?;
                // The one won is about a payment that is still there; the other one comes when the money is gone.
                let is_there = on + 1 == day && self.cash >= amount + 2 * self.day_cost;
                let is_gone = self.cash < amount / 2;
                (if won { is_there } else { is_gone }).then_some(Action::Chargeback)
            }
            (Temper::Disputed { won }, Some(dispute)) => {
                (won && dispute.open && story >= 75).then_some(Action::ChargebackWon)
            }
            _ => None,
        }
    }

    fn plan_units(&self, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        match self.pack {
            Some(pack) if pack.used < pack.size => {
                plan.push((
                    dice.between(61_000, 84_000),
                    Action::UseUnits { micros: dice.between(400, 4_200) * 1_000 },
                ));
            }
            _ if self.cash - self.held >= 85 * self.coin => {
                plan.push((dice.between(30_000, 60_000), Action::BuyPack { units: 100, coins: 80 }));
            }
            _ => {}
        }
    }

    /// Calls of a day: a hold for the most it may cost, then what it did cost, in one part or two; or nothing at all.
    fn plan_calls(&self, day: i64, dice: &mut Dice, plan: &mut Vec<(i64, Action)>) {
        for count in 0..dice.between(2, 7) {
            let call = day * 100 + count;
            let amount = self.coin / 100 * dice.between(60, 420);
            let at = dice.between(22_000, 79_000);
            if dice.once_in(25) {
                plan.push((at, Action::Authorise { call, amount, lasts_seconds: 900 }));
                continue;
            }
            plan.push((at, Action::Authorise { call, amount, lasts_seconds: 3_600 }));
            let done = at + dice.between(5, 400);
            if dice.once_in(12) {
                plan.push((done, Action::Release { call }));
                continue;
            }
            // Tokens cost millionths of a coin: these amounts have all the digits there are.
            let cost = amount / 100 * dice.between(30, 96) + dice.between(1, 9_999) * 15;
            if dice.once_in(6) {
                plan.push((done, Action::Capture { call, amount: cost / 3, last: false }));
                plan.push((done + 300, Action::Capture { call, amount: cost - cost / 3, last: true }));
            } else {
                plan.push((done, Action::Capture { call, amount: cost, last: true }));
            }
        }
    }
}
