//! What is bought ahead, and what is given: trials, credits, renewals.

use super::payments::Funding;
use crate::config::{Count, Name, choice, section};
use crate::money::Money;
use crate::time::Duration;

section! {
    /// `[trial]` (R36 to R39)
    Trial {
        /// What is given
        credit: Money = required @ Orders,
        /// For how long
        lasts: Duration = required @ Orders,
        /// How many live things of the catalogue it may have at once
        max_running: Option<Count> = "none" @ Orders,
        /// Products that cannot be had with it
        excluded: Vec<Name> = "[]" @ Orders,
        /// Products that do not count towards `max_running`
        uncounted: Vec<Name> = "[]" @ Orders,
        /// Once for each customer, known by the card
        once_per_customer: bool = "true" @ Orders,
        /// Kinds of cards that do not open one (R37)
        refuse_card_funding: Vec<Funding> = "[]" @ Orders,
        /// Only where the cloud says that it has verified who the customer is (R37)
        needs_verification: bool = "false" @ Orders,
        /// How long before its end it is announced
        notices: Vec<Duration> = "[]" @ Orders,
        /// How it becomes a paid account (R38)
        convert: Option<Convert> = "none" @ Orders,
        /// What was made in it is destroyed so long after the money ran out (R39)
        destroy_after_run_out: Option<Duration> = "none" @ Orders,
    }
}

section! {
    /// The first payment after a trial.
    Convert {
        /// At least
        min: Money = required @ Orders,
        /// At most
        max: Money = required @ Orders,
        /// What is charged in between
        by: ConvertBy = "projected_30d" @ Orders,
        /// Only where auto-refill is on
        only_with_refill: bool = "true" @ Orders,
    }
}

choice! {
    /// What the first payment after a trial is measured by.
    ConvertBy: "a measure of spending" {
        Projected30d = "projected_30d",
        Fixed = "fixed",
    }
}

section! {
    /// `[credit]` (R17, R19)
    Credit {
        /// Gifts can be paid out
        refundable: bool = "false" @ Orders,
        /// Gifts are spent before cash
        spend_before_cash: bool = "true" @ Settlement,
        /// On an order the customer says which gifts pay; for usage they always pay by themselves (R17)
        chosen_at_checkout: bool = "false" @ Orders,
    }
}

section! {
    /// `[renewal]` (R88)
    Renewal {
        /// From how long before the expiry a renewal is tried
        attempts_from: Duration = "0h" @ Orders,
        /// How long lies between two attempts
        every: Duration = "24h" @ Orders,
        /// And whenever money comes in (R75)
        on_top_up: bool = "true" @ Orders,
        /// It is tried for so long after the expiry; late success renews from the expiry, not from the payment (R75)
        attempts_until: Duration = "0h" @ Orders,
        /// What happens at the expiry unless the customer chose otherwise
        at_expiry: AtExpiry = "renew" @ Orders,
    }
}

choice! {
    /// What happens when a term is over.
    AtExpiry: "a way to end a term" {
        Renew = "renew",
        Stop = "stop",
        Convert = "convert",
    }
}
