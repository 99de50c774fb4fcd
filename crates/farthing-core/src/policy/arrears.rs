//! What happens when money runs low, runs out, comes back; and how we know what is running.

use crate::config::{Count, choice, section};
use crate::money::Money;
use crate::rate::Percent;
use crate::time::Duration;

section! {
    /// `[start]`
    Start {
        /// What must be available to start, restart or restore anything (R26)
        min_balance: Option<Money> = "none" @ Settlement,
        /// The burn rate with the new thing in it must be affordable for so long
        runway: Duration = "0h" @ Settlement,
    }
}

section! {
    /// `[zero]`
    Zero {
        /// At zero only what is new is refused at once; what runs may run up a debt, until the ladder if its `at_zero` is so (R77)
        block_new_only: bool = "false" @ Standing,
        /// How far debt may go before a grace ends early (R85)
        floor: Option<Money> = "none" @ Standing,
    }
}

section! {
    /// One step of the ladder.
    Step {
        /// How long after the arrears began. Deletion and purge must say it, and it must be positive
        after: Option<Duration> = "none" @ Standing,
        /// How long before the step it is announced
        notices: Vec<Duration> = "[]" @ Standing,
    }
}

section! {
    /// `[ladder]`
    Ladder {
        /// What runs is stopped (R25, R85)
        suspend: Option<Step> = "none" @ Standing,
        /// What is kept is deleted, restorably (R27)
        delete: Option<Step> = "none" @ Standing,
        /// What was deleted cannot be restored any longer (R28)
        purge: Option<Step> = "none" @ Standing,
        /// Whether a suspended thing costs until our instruction, or until the cloud confirmed it
        suspend_bills_until: SuspendBilling = "ordered" @ Standing,
        /// What its owner has switched off is released after so long (R88)
        release_when_off: Option<Duration> = "none" @ Standing,
    }
}

choice! {
    /// Until when a suspended thing costs.
    SuspendBilling: "an end of billing" {
        Ordered = "ordered",
        Confirmed = "confirmed",
    }
}

section! {
    /// `[resume]`
    Resume {
        /// What we suspended is started again when the arrears are paid
        auto: bool = "true" @ Standing,
        /// Only if `start.min_balance` is there again
        needs_start_minimum: bool = "true" @ Standing,
    }
}

section! {
    /// `[brake]`: in any 24 hours, more than these hold every deletion until a person has looked.
    Brake {
        /// Accounts suspended, at least so many
        suspended_accounts: Count = "5" @ Standing,
        /// And more than this part of all
        suspended_percent: Percent = "2" @ Standing,
        /// Deletions due, at least so many
        deletions: Count = "3" @ Standing,
        /// And more than so many times the daily mean of 30 days
        deletions_times_mean: Count = "3" @ Standing,
    }
}

section! {
    /// `[space]`: bought storage beyond the free size, after its term (R73 to R75).
    Space {
        /// How long writes are locked before the files are deleted
        grace: Duration = required @ Standing,
        /// How long before the deletion it is announced
        reminders: Vec<Duration> = "[]" @ Standing,
    }
}

section! {
    /// `[alerts]`
    Alerts {
        /// Where the account's own threshold starts; a mail once for each crossing (R76)
        low_balance: Option<Money> = "none" @ Payments,
        /// A mail a day while less than so many days of the burn rate are left (R41)
        runway_days: Option<Count> = "none" @ Payments,
        /// A mail when the costs of the month pass this, once for each crossing (R53)
        month_cost: Option<Money> = "none" @ Payments,
        /// A reminder to pay right after a bill is issued (R53)
        bill_issued: bool = "true" @ Payments,
        /// How long before a stored card expires its owner is told (R54)
        card_expires: Vec<Duration> = "[]" @ Payments,
        /// How long before what is left of a credit lapses its owner is told (R17)
        credit_expires: Vec<Duration> = "[]" @ Orders,
    }
}

section! {
    /// `[monitor]` (R84)
    Monitor {
        /// How often the cloud says that a thing is alive
        heartbeat: Option<Duration> = "none" @ Settlement,
        /// Not heard of for so long it is billed to the last moment confirmed alive
        missing_after: Option<Duration> = "none" @ Settlement,
        /// How often the cloud lists everything there is; what the list and the books see differently is looked into
        inventory: Option<Duration> = "none" @ Settlement,
        /// What is ordered and not running by then is voided and paid back (R83)
        provision_within: Option<Duration> = "none" @ Orders,
        /// The cloud's own outages, as it reports them, are taken back, with a notice (R83)
        void_outages: bool = "false" @ Settlement,
    }
}

section! {
    /// `[members]`
    Members {
        /// A member can have a wallet inside the account, with a threshold of its own (R95)
        wallets: bool = "false" @ Payments,
        /// Where the threshold of a member's own wallet starts; a mail once for each crossing (R95)
        low_balance: Option<Money> = "none" @ Standing,
        /// What a member started stops when their wallet is empty, unless the account says otherwise (R95)
        stop_on_overdue: bool = "true" @ Standing,
        /// A member can have a limit of cost a month (R78)
        quotas: bool = "false" @ Standing,
    }
}
