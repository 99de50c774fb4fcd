//! Who takes part: what kinds of customers there are, and which of them a cloud has.

use super::customer::{Customer, Joins};
use super::dice::Dice;
use super::menu::Menu;
use super::names;
use crate::clouds::Cloud;
use farthing_core::money::Currency;
use farthing_core::time::Instant;

/// How a customer behaves. Generic: no cloud has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temper {
    /// Runs two machines all the time, and tops up well before the money ends.
    Steady,
    /// Calls models all day: a hold before each piece of work, captures after it.
    Caller,
    /// Gets a gift, and uses only a part of it before it lapses.
    Promoted,
    /// Tops up the least there is, at the last moment.
    NearlyEmpty,
    /// A machine for a few hours, every other day.
    Jobs,
    /// Runs dry now and then, and pays late.
    RanDry,
    /// Starts in the morning, stops in the evening, rests at weekends.
    OfficeHours,
    /// One of its machines is not heard of any more.
    Silent,
    /// Came a few days ago and lives on a gift.
    Trial,
    /// Signed up, and nothing since.
    Registered,
    /// More and larger machines every month.
    Growing,
    /// Its cloud tells some stops a day too late.
    Corrected,
    /// Buys for a time, with a coupon, and some day ends it early.
    Subscriber,
    /// Paid once, and never came back.
    Leaver,
    /// Pays its bills by hand, long after they were due.
    LatePayer,
    /// Finds something wrong with its first bill; pays once with a card whose owner complains.
    Disputer,
}

/// As many as a cloud needs, in this order and over again; so the smallest cloud still has one of each that matters.
const TEMPERS: [Temper; 24] = [
    Temper::Steady,
    Temper::Caller,
    Temper::Promoted,
    Temper::NearlyEmpty,
    Temper::Jobs,
    Temper::RanDry,
    Temper::OfficeHours,
    Temper::Silent,
    Temper::Trial,
    Temper::Registered,
    Temper::Corrected,
    Temper::Growing,
    Temper::Subscriber,
    Temper::Disputer,
    Temper::LatePayer,
    Temper::Leaver,
    Temper::Steady,
    Temper::Caller,
    Temper::RanDry,
    Temper::Jobs,
    Temper::NearlyEmpty,
    Temper::OfficeHours,
    Temper::Growing,
    Temper::Promoted,
];

/// A cloud, what it sells, and its customers.
#[derive(Clone, Debug)]
pub(super) struct Town {
    pub(super) cloud: Cloud,
    pub(super) menu: Menu,
    pub(super) customers: Vec<Customer>,
}

impl Town {
    /// The `place`-th cloud with so many customers, before anything has happened.
    pub(super) fn of(cloud: &Cloud, place: usize, count: usize, days: i64, at: Instant, dice: &mut Dice) -> Town {
        let menu = Menu::of(cloud, coin(cloud.currency), at);
        let names = names::of_customers(cloud.locale(), place, count);
        let customer = |(number, (temper, name)): (usize, (Temper, String))| {
            // Where accounts wait for their bill, every other one pays ahead all the same.
            let prepaid = !menu.bills_all && (menu.ahead || number % 2 == 1);
            Customer::new(&name, temper, &menu, Joins { prepaid, first: number < TEMPERS.len(), days }, dice)
        };
        let customers = tempers(place, count).into_iter().zip(names).enumerate().map(customer).collect();
        Town { cloud: cloud.clone(), menu, customers }
    }
}

/// The tempers of a cloud's customers, shuffled so that a list by name shows no order.
fn tempers(place: usize, count: usize) -> Vec<Temper> {
    let mut tempers: Vec<Temper> = TEMPERS.into_iter().cycle().take(count).collect();
    let mut dice = Dice::of(0xFA47 + place as u64);
    for last in (1..tempers.len()).rev() {
        let other = dice.between(0, i64::try_from(last).unwrap_or(0));
        tempers.swap(last, usize::try_from(other).unwrap_or(0));
    }
    tempers
}

/// What the demo's amounts are counted in: a dollar, five yuan; so that they look alike in every currency.
fn coin(currency: Currency) -> i64 {
    let majors = match currency.code() {
        "CNY" => 5,
        "JPY" => 100,
        "KRW" => 1_000,
        _ => 1,
    };
    currency.units_per_major() * majors
}
