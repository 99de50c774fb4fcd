//! Bills, what becomes of them, and taxes.

use super::identity::Country;
use crate::config::{Deadline, Name, Text, choice, section};
use crate::money::Money;
use crate::rate::Percent;
use crate::time::{CalendarSpan, CivilDate, Duration};

section! {
    /// `[bill]`
    Bill {
        /// What a bill arises from: `top_up` (R29), `order` (R9), `cycle` (R13), `request` (R62), `threshold` (R53)
        on: Vec<BillOn> = "[]" @ Bills,
        /// With "threshold": when so much is unbilled
        threshold: Option<Money> = "none" @ Later,
        /// How long a billing period is
        cycle: CalendarSpan = "month" @ Bills,
        /// Where it begins: the day of the sign-up, or the calendar's (R14)
        anchor: Anchor = "calendar" @ Bills,
        /// A receipt, a document of its own, follows when a bill is paid (R1)
        receipts: bool = "false" @ Payments,
        /// With {year}, {month} and {seq:6}
        number: Option<Text> = "none" @ Payments,
        /// When it must be paid
        due: Deadline = "24h" @ Payments,
        /// How long an order waits for its payment (R16)
        order_valid: Duration = "24h" @ Orders,
        /// A smaller bill is rolled into the next one (R20)
        roll_below: Option<Money> = "none" @ Payments,
        /// How long it can be disputed (R55)
        dispute_window: Option<Deadline> = "none" @ Bills,
        /// By when a requested invoice is issued (R62)
        request_sla: Option<Deadline> = "none" @ Bills,
        /// What an overdue bill costs (R56)
        late_fee: Option<LateFee> = "none" @ Bills,
        /// How long before the due date it is reminded of, and after it
        reminders: Vec<Duration> = "[]" @ Bills,
    }
}

choice! {
    /// What a bill arises from.
    BillOn: "what a bill arises from" {
        TopUp = "top_up",
        Order = "order",
        Cycle = "cycle",
        Request = "request",
        Threshold = "threshold",
    }
}

choice! {
    /// Where billing periods begin.
    Anchor: "an anchor" {
        SignupDay = "signup_day",
        Calendar = "calendar",
    }
}

section! {
    /// A simple daily rate on the overdue principal, its own line, never on fees (R56).
    LateFee {
        /// A day
        daily_percent: Percent = required @ Bills,
        /// In all, of the principal
        cap_percent: Percent = required @ Bills,
        /// So long after the due date
        after: Duration = "0d" @ Bills,
    }
}

section! {
    /// `[tax]` (R33)
    Tax {
        /// Whether prices are without tax or with it
        prices: PricesAre = "net" @ Payments,
        /// When tax falls due: on the top-up, the charge or the bill
        tax_point: TaxPoint = "bill" @ Payments,
        /// "none", "eu" (a table that comes with Farthing) or "own" (the rows of [[tax.rate]])
        rates: TaxRates = "none" @ Payments,
        /// A valid EU VAT number in another member state moves the tax to the customer
        reverse_charge: bool = "false" @ Payments,
        /// Rates of one's own
        rate: Vec<TaxRate> = "[]" @ Payments,
    }
}

choice! {
    /// Where tax rates come from.
    TaxRates: "a table of rates" {
        Absent = "none",
        Eu = "eu",
        Own = "own",
    }
}

choice! {
    /// Whether prices have the tax in them.
    PricesAre: "net or gross" {
        Net = "net",
        Gross = "gross",
    }
}

choice! {
    /// When tax falls due.
    TaxPoint: "a tax point" {
        TopUp = "top_up",
        Charge = "charge",
        Bill = "bill",
    }
}

section! {
    /// One rate of tax.
    TaxRate [country, region, category, from] {
        /// Where the customer is
        country: Country = required @ Payments,
        /// A part of it
        region: Option<Text> = "none" @ Payments,
        /// Of which products; all when not said
        category: Option<Name> = "none" @ Payments,
        /// The rate
        percent: Percent = required @ Payments,
        /// As documents call it
        name: Text = "VAT" @ Payments,
        /// Since when
        from: Option<CivilDate> = "none" @ Payments,
    }
}
