//! How what was used is taken off the balance or put on the bill.

use crate::config::{Cadence, Count, choice, section};
use crate::time::Duration;

section! {
    /// `[settle]`
    Settle {
        /// How often usage is taken off the balance: "5m" (R66), "1h" (R24, R80), "day" or "cycle" (R90)
        every: Cadence = "1h" @ Settlement,
        /// And at once when something stops (R86)
        on_stop: bool = "true" @ Settlement,
        /// What gates and thresholds look at: "spendable" counts what has accrued since the last settlement, "balance" does
        /// not (R66, R77)
        measure: Measure = "spendable" @ Settlement,
        /// How long an ended rating period still collects late facts
        late_window: Duration = "3d" @ Settlement,
        /// Usage events older than so many days go to the refused list
        accept_days: Count = "30" @ Settlement,
        /// For so many days an event's id is known again
        dedupe_days: Count = "35" @ Settlement,
        /// What products and accounts do that do not say: off the balance, or on the next bill (R3, R99)
        pay: Pay = "prepaid" @ Settlement,
    }
}

choice! {
    /// What gates and thresholds look at.
    Measure: "a measure" {
        Spendable = "spendable",
        Balance = "balance",
    }
}

choice! {
    /// Off the balance as it is used, or on the next bill.
    Pay: "a way to pay" {
        Prepaid = "prepaid",
        Postpaid = "postpaid",
    }
}
