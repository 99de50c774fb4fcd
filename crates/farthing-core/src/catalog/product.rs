//! Products and what belongs to them: SKUs, components, add-ons, packs.

use super::pricing::Pricing;
use crate::config::{Cadence, Count, Moment, Name, Size, Text, choice, section};
use crate::measure::{Quantity, Unit};
use crate::money::Money;
use crate::policy::{AtExpiry, Pay};
use crate::rate::Factor;
use crate::time::{CivilDate, Duration, Span};
use std::collections::BTreeMap;

section! {
    /// `[[product]]`
    Product [id] {
        ..pricing: Pricing,
        /// In commands, rows and addresses
        id: Name = required @ Catalogue,
        /// As people read it
        name: Text = required @ Catalogue,
        /// "running" (by time), "usage" (by events), "capacity" (size by time), "term" (periods ahead), "units" (packs), "once"
        kind: Kind = required @ Catalogue,
        /// What it does, in a line, for the price list
        about: Option<Text> = "none" @ Consoles,
        /// Its `ServiceCategory` in FOCUS exports
        category: Option<Text> = "none" @ Bills,
        /// Its category of tax
        tax_category: Option<Name> = "none" @ Payments,
        /// What counts it, for capacity and usage
        meter: Option<Name> = "none" @ Catalogue,
        /// "live" follows the catalogue; "start" keeps the price that was in force when it started (R67, R68)
        at: PriceAt = "live" @ Settlement,
        /// The share of the price in each state: { running = 1, stopped = 0.2 } (R69)
        states: BTreeMap<String, Factor> = "{ running = 1, stopped = 0 }" @ Settlement,
        /// A session counts in whole steps of this
        round_up: Duration = "1s" @ Catalogue,
        /// A session counts so long at least
        min_duration: Duration = "0s" @ Catalogue,
        /// "prepaid" off the balance, "postpaid" on the next bill (R3, R5, R7); `settle.pay` when not said
        pay: Option<Pay> = "none" @ Settlement,
        /// How often it is settled; `settle.every` when not said
        settle: Option<Cadence> = "none" @ Settlement,
        /// The rating period of what is used; the length of a term
        period: Span = "1 month" @ Catalogue,
        /// Hours that "/ month" means; none: those of the month it is
        hours_per_month: Option<Count> = "none" @ Catalogue,
        /// Minimum, commitment and cap shrink with a part period
        prorate: bool = "true" @ Settlement,
        /// What running out of money does to it: "steps" of the ladder, or it may "finish" (R77)
        at_zero: AtZero = "steps" @ Standing,
        /// What the cloud is told when it is suspended
        on_suspend: OnSuspend = "nothing" @ Standing,
        /// What the cloud is told when it is deleted
        on_delete: OnDelete = "nothing" @ Standing,
        /// What the cloud is told when it is purged
        on_purge: OnPurge = "nothing" @ Standing,
        /// It is released so long after its owner switched it off; `ladder.release_when_off` when not said
        release_when_off: Option<Duration> = "none" @ Standing,
        /// Terms: paid "advance" or "arrears"
        charge: Charged = "advance" @ Orders,
        /// Terms: how a part period is counted
        proration: Proration = "second" @ Orders,
        /// Terms: other prices to begin with, one after another: a trial, an introduction
        phases: Vec<Phase> = "[]" @ Orders,
        /// Terms: what happens at the expiry; `renewal.at_expiry` when not said (R88)
        renew: Option<AtExpiry> = "none" @ Orders,
        /// Terms: what it becomes where `renew` is "convert"
        converts_to: Option<Name> = "none" @ Orders,
        /// Terms: when the cloud is told to make it
        provision: Provision = "after_payment" @ Orders,
        /// Terms: the least number of periods
        min_periods: Count = "1" @ Orders,
        /// Terms of space: how much one of it adds to `free`, which everybody has; `meter` says how full the space is (R71)
        size: Option<Size> = "none" @ Orders,
        /// What it costs when it comes back from a deletion or a snapshot: `as_before` or `as_new` (R11, R28)
        restore: Restore = "as_before" @ Orders,
        /// Packs: what they hold
        unit: Option<Unit> = "none" @ Orders,
        /// Packs: which there are
        packs: Vec<Pack> = "[]" @ Catalogue,
        /// Packs: how long they last
        expires: Option<Span> = "none" @ Orders,
        /// Limits that it has (R46)
        quota: Vec<Quota> = "[]" @ Orders,
        /// Limits of other products that it raises for as long as it lasts (R46)
        raises: Vec<Raise> = "[]" @ Orders,
        /// Configurations with prices of their own
        sku: Vec<Sku> = "[]" @ Catalogue,
        /// Parts that are counted and priced apart
        component: Vec<Component> = "[]" @ Catalogue,
        /// What can be added to it
        addon: Vec<Addon> = "[]" @ Catalogue,
    }
}

choice! {
    /// How a product is counted.
    Kind: "a kind of product" {
        Running = "running",
        Usage = "usage",
        Capacity = "capacity",
        Term = "term",
        Units = "units",
        Once = "once",
    }
}

choice! {
    /// Which price a thing keeps.
    PriceAt: "a time to take the price" {
        Live = "live",
        Start = "start",
    }
}

choice! {
    /// What running out of money does to it.
    AtZero: "a way to run out of money" {
        Steps = "steps",
        Finish = "finish",
    }
}

choice! {
    /// What a suspension asks of the cloud.
    OnSuspend: "an instruction" {
        Nothing = "nothing",
        Stop = "stop",
        Lock = "lock",
    }
}

choice! {
    /// What a deletion asks of the cloud.
    OnDelete: "an instruction" {
        Nothing = "nothing",
        KeepData = "delete_keep_data",
        Data = "delete_data",
    }
}

choice! {
    /// What a purge asks of the cloud.
    OnPurge: "an instruction" {
        Nothing = "nothing",
        Data = "delete_data",
    }
}

choice! {
    /// When a term is paid.
    Charged: "a time to pay a term" {
        Advance = "advance",
        Arrears = "arrears",
    }
}

choice! {
    /// How a part of a period is counted.
    Proration: "a way to count part periods" {
        Second = "second",
        Day = "day",
        Whole = "none",
    }
}

choice! {
    /// When the cloud is told to make what was ordered.
    Provision: "a time to make it" {
        AfterPayment = "after_payment",
        AtOnce = "at_once",
    }
}

section! {
    /// `[[product.sku]]`
    Sku [id] {
        ..pricing: Pricing,
        /// In commands, rows and addresses
        id: Name = required @ Catalogue,
        /// As people read it
        name: Option<Text> = "none" @ Consoles,
        /// What it is chosen by: { provider = "aws", region = "eu" } (R2)
        dims: BTreeMap<String, Text> = "{}" @ Catalogue,
        /// No longer offered; what runs goes on
        retired: bool = "false" @ Catalogue,
    }
}

section! {
    /// `[[product.component]]`
    Component [id, meter] {
        ..pricing: Pricing,
        /// Where one meter has several components
        id: Option<Name> = "none" @ Catalogue,
        /// What counts it
        meter: Name = required @ Catalogue,
        /// Its rating period; the product's when not said
        period: Option<Span> = "none" @ Catalogue,
    }
}

section! {
    /// `[[product.addon]]`
    Addon [id] {
        ..pricing: Pricing,
        /// In commands, rows and addresses
        id: Name = required @ Catalogue,
        /// As people read it
        name: Text = required @ Catalogue,
        /// Its periods end with its parent's (R4, R10)
        coterm: bool = "true" @ Orders,
    }
}

section! {
    /// A time at the beginning of a term with a price of its own.
    Phase {
        /// How long, from the end of the one before it
        lasts: Span = required @ Orders,
        /// Of one period in it; "0.00" is a trial
        price: Money = required @ Orders,
    }
}

section! {
    /// A pack of units.
    Pack {
        /// How many
        units: Quantity = required @ Catalogue,
        /// For all of them
        price: Money = required @ Catalogue,
    }
}

choice! {
    /// What a thing costs that comes back.
    Restore: "a way to price what comes back" {
        /// It goes on at the price and in the term it had.
        AsBefore = "as_before",
        /// The price of today, and of a term the whole period.
        AsNew = "as_new",
    }
}

section! {
    /// A limit on meters, or on how many there are.
    Quota [id] {
        /// Its name, for what raises it
        id: Name = required @ Orders,
        /// What is limited: the "use" of meters in a window, or how many "things" of the product live at once
        counts: Counts = "use" @ Orders,
        /// Which meters, added up where several are named
        meter: Vec<Name> = "[]" @ Orders,
        /// How much of it
        limit: Quantity = required @ Orders,
        /// In how long; windows begin at its multiples
        per: Duration = "1m" @ Orders,
    }
}

choice! {
    /// What a quota limits.
    Counts: "what is counted" {
        Use = "use",
        Things = "things",
    }
}

section! {
    /// More of a limit.
    Raise [product, quota] {
        /// Whose limit
        product: Name = required @ Orders,
        /// Which one
        quota: Name = required @ Orders,
        /// By how much
        by: Quantity = required @ Orders,
    }
}

section! {
    /// `[[gift]]`: credit of one kind, given by hand or by a promotion. It is spent before cash and never paid out (R19, R61).
    Gift [id] {
        /// In commands, rows and addresses
        id: Name = required @ Orders,
        /// As the history of a balance calls it (R17)
        name: Text = required @ Orders,
        /// How much
        credit: Money = required @ Orders,
        /// What it may pay; everything when empty (R17)
        products: Vec<Name> = "[]" @ Orders,
        /// For how long from the day it is given; none: until it is spent
        lasts: Option<Span> = "none" @ Orders,
        /// Of several credits the lowest number pays first
        priority: Count = "10" @ Orders,
        /// How often one account can have it
        per_account: Count = "1" @ Orders,
    }
}

section! {
    /// `[[coupon]]` (R18): a percentage, an amount, or periods for nothing. Who redeems it keeps what it says then.
    Coupon [code] {
        /// What people type, in capitals or not
        code: Text = required @ Orders,
        /// Off what it applies to
        percent: Option<crate::rate::Percent> = "none" @ Orders,
        /// Or so much
        amount: Option<Money> = "none" @ Orders,
        /// Or so many periods of a term for nothing
        free_periods: Option<Count> = "none" @ Orders,
        /// Which products; all when empty
        products: Vec<Name> = "[]" @ Orders,
        /// Which of their SKUs, such as plans; all when empty
        skus: Vec<Name> = "[]" @ Orders,
        /// Only the first order of an account
        first_order: bool = "false" @ Orders,
        /// "shared": everybody types the code; "single": each has one of its own, and each is good once
        codes: Codes = "shared" @ Orders,
        /// How often in all
        redemptions: Option<Count> = "none" @ Orders,
        /// How often by one account
        per_account: Count = "1" @ Orders,
        /// How often in all within each so long
        per_period: Option<PerPeriod> = "none" @ Orders,
        /// For how many bills it holds; none: for all
        bills: Option<Count> = "1" @ Orders,
        /// From when it can be redeemed: a day of the cloud's, or an instant
        from: Option<Moment> = "none" @ Orders,
        /// Until when: a day is its last
        until: Option<Moment> = "none" @ Orders,
    }
}

section! {
    /// So often within each stretch of time.
    PerPeriod {
        /// How often
        count: Count = required @ Orders,
        /// Within how long, as the calendar or the clock divides it
        every: Span = required @ Orders,
    }
}

choice! {
    /// What people type to redeem a coupon.
    Codes: "a way to give codes" {
        /// The coupon's own.
        Shared = "shared",
        /// One of many, each good once.
        Single = "single",
    }
}

section! {
    /// `[[contract]]`: what one customer was promised.
    Contract [account, product, sku, component, from] {
        ..pricing: Pricing,
        /// Whose
        account: Name = required @ Catalogue,
        /// For which product; every one when not said (a discount only)
        product: Option<Name> = "none" @ Catalogue,
        /// For which SKU; every one when not said
        sku: Option<Name> = "none" @ Catalogue,
        /// For which component, by its id or meter
        component: Option<Name> = "none" @ Catalogue,
        /// Since when, in the account's zone
        from: Option<CivilDate> = "none" @ Catalogue,
        /// Until when, that day not included
        until: Option<CivilDate> = "none" @ Catalogue,
        /// What the account spends at least in one billing period; the rest is a line of its own
        commitment: Option<Money> = "none" @ Later,
    }
}
