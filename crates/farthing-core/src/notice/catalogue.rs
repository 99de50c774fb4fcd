//! The catalogue: every event there is, what it says, whom it concerns. Closed: a new one is a new line here, and
//! `docs/webhooks.md` is held to it by a test.
//!
//! A type's name never changes and what it carries only grows. Amounts are decimals as text, with their currency; times RFC 3339.

use super::budget::BudgetTold;
use super::money::{BillDisputeTold, BillTold, DebitTold, InvoiceRequestTold, MethodTold, PaymentTold, RefundTold};
use super::order::Lane;
use super::orders::{OrderTold, TermTold};
use super::outage::OutageTold;
use super::standing::{InstructionTold, SpaceTold, StepTold};
use crate::access::{PersonId, Role};
use crate::budget::{Does, Of};
use crate::measure::Quantity;
use crate::money::{Currency, Money};
use crate::settle::ThingId;
use crate::standing::{Cause, Deed, Guard, InstructionId, Rung};
use crate::time::{Duration, Instant};
use serde_json::{Map, Value, json};
use std::fmt;

/// What a type of event is, before any has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    name: &'static str,
    about: &'static str,
    /// What its data carries, in order.
    fields: &'static [(&'static str, &'static str)],
    /// People hear of it by mail.
    mailed: bool,
    /// It tells the cloud to destroy something: such a message is never sent again by hand, however it ended.
    destroys: bool,
}

macro_rules! catalogue {
    ($($variant:ident = $name:literal, $about:literal, [$($field:literal: $says:literal),* $(,)?] $(, $flag:ident)*;)*) => {
        /// A type of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventType {
            $($variant,)*
        }

        impl EventType {
            /// Every type, in the order of the catalogue.
            pub const ALL: &'static [EventType] = &[$(EventType::$variant),*];

            const fn facts(self) -> Facts {
                match self {
                    $(EventType::$variant => {
                        #[allow(unused_mut, reason = "most have no flag")]
                        let mut facts = Facts {
                            name: $name, about: $about, fields: &[$(($field, $says)),*], mailed: false, destroys: false,
                        };
                        $(facts.$flag = true;)*
                        facts
                    })*
                }
            }
        }
    };
}

catalogue! {
    AccountOpened = "account.opened", "An account was opened.",
        ["account": "Its name.", "zone": "Whose days its charges are of.", "country": "Two letters, or nothing.",
         "pay": "`prepaid` or `postpaid`; null: what the cloud says."];
    AccountRanOut = "account.ran_out", "An account that pays ahead has nothing left to spend.",
        ["account": "Its name.", "since": "Since when, to the second.", "balance": "What it has, less what it owes.",
         "accrued": "Used and not yet taken off.", "owed": "What it owes.", "currency": "Of the amounts."], mailed;
    AccountRecovered = "account.recovered", "An account that had nothing left has something again.",
        ["account": "Its name.", "ran_out_at": "When it had run out.", "balance": "What it has, less what it owes.",
         "available": "What can be spent now.", "currency": "Of the amounts."];
    AccountParked = "account.parked", "An account cannot be settled: nothing more is taken off it until somebody has looked.",
        ["account": "Its name.", "reason": "Why, for whoever runs the server."];
    AccountUnparked = "account.unparked", "An account that could not be settled is settled again.",
        ["account": "Its name.", "reason": "Why it could not be."];
    AccountPayChanged = "account.pay_changed", "An account pays before instead of after use, or the other way round.",
        ["account": "Its name.", "pay": "`prepaid` or `postpaid`; null: what the cloud says."];
    AccountClosed = "account.closed", "An account was closed.",
        ["account": "Its name."];
    MoneyToppedUp = "money.topped_up", "Money has come in.",
        ["account": "Its name.", "amount": "What came in.", "arrears": "What of it paid arrears.",
         "balance": "What the account has now, less what it owes.", "currency": "Of the amounts.",
         "reference": "Where it is known from; null: not said.", "transfer": "The transfer that booked it."], mailed;
    PaymentPending = "payment.pending", "A payment is on its way: it is credited when it has arrived.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "Empty.", "url": "Empty."];
    PaymentActionNeeded = "payment.action_needed", "A customer has something to do before a payment goes on.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "Empty.", "url": "Where they do it."];
    PaymentHeld = "payment.held", "A payment waits for a person to look at it: nothing was charged.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "What was noticed.", "url": "Empty."];
    PaymentFailed = "payment.failed", "A payment failed: nothing was charged.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "As the provider says it.", "url": "Empty."], mailed;
    PaymentDisputed = "payment.disputed", "The customer's bank takes a payment back: it has left the balance.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "As the provider says it.", "url": "Empty."], mailed;
    PaymentDisputeEnded = "payment.dispute_ended", "A dispute about a payment is over.",
        ["account": "Its name.", "payment": "Its id.", "purpose": "`top_up`, `refill` or `bill`.", "amount": "Without its tax.",
         "tax": "The tax that is paid with it.", "currency": "Of the amounts.", "paid_with": "As its owner knows it; may be empty.",
         "why": "`won`: the money is back on the balance; `lost`: it stays gone.", "url": "Empty."];
    DebitAnnounced = "debit.announced", "Money will be taken from a bank account by direct debit.",
        ["account": "Its name.", "payment": "Its id.", "amount": "What is taken, with its tax.", "currency": "Of the amount.",
         "on": "Not before this day.", "paid_with": "The bank account, as its owner knows it.", "mandate": "What its owner signed.",
         "creditor": "Who takes it: the creditor identifier; may be empty."], mailed;
    BankMoneyUnknown = "bank.money_unknown", "Money moved at the bank, and nobody knows whose it is: somebody has to look.",
        ["row": "The movement's id.", "amount": "Above zero: it came in.", "currency": "Of the amount.", "name": "Of the other side; may be empty.",
         "why": "Why it waits."];
    RefundRequested = "refund.requested", "A refund waits for somebody to approve it.",
        ["account": "Its name.", "refund": "Its id.", "amount": "What is given back, without tax.", "currency": "Of the amount.",
         "reason": "Of who asked.", "why": "Of who decided, or of the provider; may be empty."];
    RefundRefused = "refund.refused", "A refund was refused: the money stays on the balance.",
        ["account": "Its name.", "refund": "Its id.", "amount": "What is given back, without tax.", "currency": "Of the amount.",
         "reason": "Of who asked.", "why": "Of who decided, or of the provider; may be empty."], mailed;
    RefundSent = "refund.sent", "A refund is on its way to where the money came from.",
        ["account": "Its name.", "refund": "Its id.", "amount": "What is given back, without tax.", "currency": "Of the amount.",
         "reason": "Of who asked.", "why": "Of who decided, or of the provider; may be empty."], mailed;
    RefundFailed = "refund.failed", "A refund could not be sent: the money is back on the balance.",
        ["account": "Its name.", "refund": "Its id.", "amount": "What is given back, without tax.", "currency": "Of the amount.",
         "reason": "Of who asked.", "why": "Of who decided, or of the provider; may be empty."], mailed;
    MethodAdded = "method.added", "An account can pay with something new.",
        ["account": "Its name.", "method": "Its id.", "channel": "`card`, `sepa_debit` and so on.", "label": "As its owner knows it.",
         "expires": "Its last month, `2027-03`; empty: it has no end.", "default": "Whether it is the first that is charged."];
    MethodRemoved = "method.removed", "An account does not pay with something any more.",
        ["account": "Its name.", "method": "Its id.", "channel": "`card`, `sepa_debit` and so on.", "label": "As its owner knows it.",
         "expires": "Its last month, `2027-03`; empty: it has no end.", "default": "Whether it is the first that is charged."];
    MethodExpiring = "method.expiring", "What an account pays with is about to end.",
        ["account": "Its name.", "method": "Its id.", "channel": "`card`, `sepa_debit` and so on.", "label": "As its owner knows it.",
         "expires": "Its last month, `2027-03`; empty: it has no end.", "default": "Whether it is the first that is charged."], mailed;
    BillIssued = "bill.issued", "A bill was issued.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.", "due_at": "When it must be paid; null: it need not.", "of": "Empty."], mailed;
    BillPaid = "bill.paid", "A bill is paid in full.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.", "due_at": "When it must be paid; null: it need not.", "of": "Empty."];
    BillDue = "bill.due", "A bill is to be paid soon, or should have been.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.",
         "due_at": "When it must be paid; null: it need not.", "of": "The number of the bill it was issued anew for; mostly empty."], mailed;
    BillVoided = "bill.voided", "A bill was taken back and issued anew.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.",
         "due_at": "When it must be paid; null: it need not.", "of": "The number of the bill it was issued anew for; mostly empty."], mailed;
    BillWrittenOff = "bill.written_off", "A bill was given up: nobody asks for it any more.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.",
         "due_at": "When it must be paid; null: it need not.", "of": "The number of the bill it was issued anew for; mostly empty."];
    BillDisputed = "bill.disputed", "A customer says that something of a bill is wrong: somebody has to look.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "dispute": "Its id.", "amount": "What was disputed, with tax.",
         "granted": "What the bill was credited by, with tax.", "currency": "Of the amounts.",
         "state": "`open`, `granted`, `refused` or `withdrawn`.", "reason": "Of who opened it.", "note": "Of who decided; may be empty."];
    BillDisputeEnded = "bill.dispute_ended", "It was decided what is right about a bill.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "dispute": "Its id.", "amount": "What was disputed, with tax.",
         "granted": "What the bill was credited by, with tax.", "currency": "Of the amounts.",
         "state": "`open`, `granted`, `refused` or `withdrawn`.", "reason": "Of who opened it.", "note": "Of who decided; may be empty."], mailed;
    InvoiceRequested = "invoice.requested", "An invoice was asked for: somebody has to issue it.",
        ["account": "Its name.", "request": "Its id.", "amount": "What was paid of the charges it is about.", "currency": "Of the amount.",
         "due_at": "By when it is to be issued; null: the policy does not say.", "note": "Of who decided; may be empty."];
    InvoiceLate = "invoice.late", "An invoice that was asked for has waited too long.",
        ["account": "Its name.", "request": "Its id.", "amount": "What was paid of the charges it is about.", "currency": "Of the amount.",
         "due_at": "By when it is to be issued; null: the policy does not say.", "note": "Of who decided; may be empty."];
    InvoiceIssued = "invoice.issued", "An invoice that was asked for is issued.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "What it is about, all of it paid.", "tax": "Zero.",
         "owed": "Zero.", "currency": "Of the amounts.", "due_at": "Null.", "of": "Empty."], mailed;
    InvoiceRefused = "invoice.refused", "An invoice that was asked for is not issued.",
        ["account": "Its name.", "request": "Its id.", "amount": "What was paid of the charges it is about.", "currency": "Of the amount.",
         "due_at": "By when it is to be issued; null: the policy does not say.", "note": "Of who decided; may be empty."], mailed;
    ReceiptIssued = "receipt.issued", "A receipt was issued for a payment.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.", "due_at": "When it must be paid; null: it need not.", "of": "The number of the bill it is for; empty: none."], mailed;
    CreditNoteIssued = "credit_note.issued", "A credit note was issued.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "With its tax.", "tax": "Of it.",
         "owed": "What is to be paid of it now: nothing of what a dispute is about.", "currency": "Of the amounts.", "due_at": "When it must be paid; null: it need not.", "of": "The number of the bill it takes from."], mailed;
    StatementIssued = "statement.issued", "What was used in a billing period was stated: the balance has paid it.",
        ["account": "Its name.", "bill": "Its id.", "number": "Its number.", "total": "What was used.", "tax": "Of it: zero.",
         "owed": "Zero.", "currency": "Of the amounts.", "due_at": "Null: it asks for nothing.", "of": "Empty."];
    OrderPlaced = "order.placed", "Something was ordered: it waits to be paid.",
        ["account": "Its name.", "order": "Its id.", "name": "What it is called, and what it makes.", "kind": "`new`, `renew` or `change`.",
         "product": "What was ordered.", "sku": "Of which configuration; empty: it has none.", "addon": "What is added; empty: it is none.",
         "parent": "To what it is added; may be empty.", "quantity": "How many.", "properties": "Provider, region and the like.",
         "amount": "Without tax.", "currency": "Of the amount.", "until": "Paid by then; null: it waits for nothing.", "why": "Empty."];
    OrderPaid = "order.paid", "An order is paid: make what it is about, and say when it is there.",
        ["account": "Its name.", "order": "Its id.", "name": "What it is called, and what it makes.", "kind": "`new`, `renew` or `change`.",
         "product": "What was ordered.", "sku": "Of which configuration; empty: it has none.", "addon": "What is added; empty: it is none.",
         "parent": "To what it is added; may be empty.", "quantity": "How many.", "properties": "Provider, region and the like.",
         "amount": "Without tax.", "currency": "Of the amount.", "until": "Made by then, or it is given back; null: it waits.", "why": "Empty."];
    OrderActive = "order.active", "What was ordered is there.",
        ["account": "Its name.", "order": "Its id.", "name": "What it is called, and what it makes.", "kind": "`new`, `renew` or `change`.",
         "product": "What was ordered.", "sku": "Of which configuration; empty: it has none.", "addon": "What is added; empty: it is none.",
         "parent": "To what it is added; may be empty.", "quantity": "How many.", "properties": "Provider, region and the like.",
         "amount": "Without tax.", "currency": "Of the amount.", "until": "Null.", "why": "Empty."];
    OrderExpired = "order.expired", "An order was not paid in time: it is over.",
        ["account": "Its name.", "order": "Its id.", "name": "What it is called, and what it makes.", "kind": "`new`, `renew` or `change`.",
         "product": "What was ordered.", "sku": "Of which configuration; empty: it has none.", "addon": "What is added; empty: it is none.",
         "parent": "To what it is added; may be empty.", "quantity": "How many.", "properties": "Provider, region and the like.",
         "amount": "Without tax.", "currency": "Of the amount.", "until": "Null.", "why": "Why."], mailed;
    OrderVoided = "order.voided", "What was ordered could not be made: everything was given back.",
        ["account": "Its name.", "order": "Its id.", "name": "What it is called, and what it makes.", "kind": "`new`, `renew` or `change`.",
         "product": "What was ordered.", "sku": "Of which configuration; empty: it has none.", "addon": "What is added; empty: it is none.",
         "parent": "To what it is added; may be empty.", "quantity": "How many.", "properties": "Provider, region and the like.",
         "amount": "Without tax.", "currency": "Of the amount.", "until": "Null.", "why": "Why."], mailed;
    TermChanged = "term.changed", "What runs for a time is another plan from now on, or was paused or resumed.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Empty."];
    TermRenewed = "term.renewed", "What runs for a time is paid, or billed, for its next period.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Empty."];
    TermRenewalFailed = "term.renewal_failed", "What runs for a time could not be renewed.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Why."], mailed;
    TermExpired = "term.expired", "The time of something is over, and it was not renewed: switch it off.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Why it was not; may be empty."], mailed;
    TermConverted = "term.converted", "The time of something is over: from now on it is used and paid as another product.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Empty."];
    TermEnded = "term.ended", "Something was ended before its time was over.",
        ["account": "Its name.", "name": "What it is called.", "product": "What it is.", "sku": "Of which configuration; empty: it has none.",
         "addon": "What is added; empty: it is none.", "quantity": "How many.", "state": "Where it stands.",
         "paid_to": "Until when it is paid, or billed.", "back": "What has come back to the balance, or off what is due.",
         "currency": "Of the amount.", "why": "Empty."];
    RefillSwitchedOff = "refill.switched_off", "Filling up by itself was switched off after too many failures.",
        ["account": "Its name.", "failures": "How many in a row.", "why": "The last of them."], mailed;
    ChargeWaived = "charge.waived", "A charge was waived, in whole or in part.",
        ["account": "Its name.", "product": "Of what it was.", "amount": "What was given back.", "currency": "Of the amount.",
         "reason": "Why."], mailed;
    OutageVoided = "outage.voided", "What an outage of the cloud's own had cost an account came back.",
        ["account": "Its name.", "outage": "What the cloud calls it.", "product": "Of what it was.", "began_at": "When it began.",
         "ended_at": "When it was over.", "amount": "What came back, without tax.", "currency": "Of the amount.",
         "units": "What came back of units bought ahead, in words; empty: none."], mailed;
    OutageWithdrawn = "outage.withdrawn", "An outage was reported by mistake: what had come back because of it is charged again.",
        ["account": "Its name.", "outage": "What the cloud calls it.", "product": "Of what it was.", "began_at": "When it was said to begin.",
         "ended_at": "When it was said to be over.", "amount": "What is charged again, without tax.", "currency": "Of the amount.",
         "units": "What is taken again of units bought ahead, in words; empty: none."], mailed;
    WalletLow = "wallet.low", "Less is left in a member's wallet than its threshold.",
        ["account": "What the wallet is called among accounts.", "threshold": "Below which it is told.", "left": "What can be spent.",
         "currency": "Of the amounts."], mailed;
    BalanceLow = "account.balance_low", "Less is left of an account than its threshold: told once, until it has that much again.",
        ["account": "Its name.", "threshold": "Below which it is told.", "left": "What is left.", "currency": "Of the amounts."], mailed;
    RunwayShort = "account.runway_short", "What is left of an account lasts for few days: told once in 24 hours while that is so.",
        ["account": "Its name.", "days": "For less than so many.", "left": "What is left.", "burn_per_hour": "What an hour costs, as things run now.",
         "runs_out_at": "When it runs out if nothing changes; null: it has.", "currency": "Of the amounts."], mailed;
    MonthCostPassed = "account.month_cost_passed", "What an account has cost in a calendar month is more than its limit: told once in that month. Nothing is stopped.",
        ["account": "Its name.", "month": "Of its zone, `2027-03`.", "limit": "What it has passed.", "cost": "What the month has cost so far.",
         "currency": "Of the amounts."], mailed;
    BudgetReached = "budget.reached", "A step of a budget is reached: told once a month.",
        ["account": "Its name.", "budget": "What the account calls it.", "project": "Of which alone; empty: of every one.",
         "label": "Of what has this label, `key=value`; empty: whatever its labels are.", "month": "Of its zone, `2027-03`.",
         "percent": "Of the limit.", "of": "`actual`: what it has cost; `forecast`: what it will have cost.",
         "action": "What follows: `notify`, `block` or `stop`.", "limit": "What the month may cost.", "cost": "What it has cost, or will have.",
         "currency": "Of the amounts.", "resources": "What is stopped, or comes back."], mailed;
    BudgetStopped = "budget.stopped", "What runs in a budget is stopped: as much of it is spent as its owner lets it.",
        ["account": "Its name.", "budget": "What the account calls it.", "project": "Of which alone; empty: of every one.",
         "label": "Of what has this label, `key=value`; empty: whatever its labels are.", "month": "Of its zone, `2027-03`.",
         "percent": "Of the limit.", "of": "`actual`: what it has cost; `forecast`: what it will have cost.",
         "action": "What follows: `notify`, `block` or `stop`.", "limit": "What the month may cost.", "cost": "What it has cost, or will have.",
         "currency": "Of the amounts.", "resources": "What is stopped, or comes back."], mailed;
    BudgetLifted = "budget.lifted", "What a budget had stopped runs again: another month began, or its owner lets more be spent.",
        ["account": "Its name.", "budget": "What the account calls it.", "project": "Of which alone; empty: of every one.",
         "label": "Of what has this label, `key=value`; empty: whatever its labels are.", "month": "Of its zone, `2027-03`.",
         "percent": "Of the limit.", "of": "`actual`: what it has cost; `forecast`: what it will have cost.",
         "action": "What follows: `notify`, `block` or `stop`.", "limit": "What the month may cost.", "cost": "What it has cost, or will have.",
         "currency": "Of the amounts.", "resources": "What is stopped, or comes back."], mailed;
    CreditGranted = "credit.granted", "Credit was given.",
        ["account": "Its name.", "grant": "What the account calls it.", "amount": "How much.", "currency": "Of the amount.",
         "products": "What it may pay; empty: everything.", "starts_at": "From when it pays.",
         "expires_at": "Until when; null: without end."], mailed;
    CreditExpiring = "credit.expiring", "What is left of a credit is about to lapse.",
        ["account": "Its name.", "grant": "What the account calls it.", "amount": "What is left.", "currency": "Of the amount.",
         "products": "What it may pay; empty: everything.", "expires_at": "When it ends."], mailed;
    CreditLapsed = "credit.lapsed", "What was left of a credit has lapsed.",
        ["account": "Its name.", "grant": "What the account calls it.", "amount": "What was left.", "currency": "Of the amount.",
         "expired_at": "When it ended."], mailed;
    UnitsAdded = "units.added", "Units were bought or given.",
        ["account": "Its name.", "units": "How many.", "unit": "Of what.", "name": "What the account calls them.",
         "price": "What was paid for them.", "currency": "Of the price.", "expires_at": "Until when; null: without end."];
    UnitsUsedUp = "units.used_up", "An account has none of a unit left, and something runs that takes them.",
        ["account": "Its name.", "unit": "Of what.", "since": "The first second that no units covered."], mailed;
    UnitsLapsed = "units.lapsed", "What was left of a pack of units has lapsed.",
        ["account": "Its name.", "units": "What was left.", "unit": "Of what.", "name": "What the account calls them.",
         "expired_at": "When they ended."], mailed;
    TrialStarted = "trial.started", "An account has got its trial.",
        ["account": "Its name.", "credit": "What was given.", "currency": "Of the amount.", "ends_at": "When it is over at the latest."];
    TrialEnding = "trial.ending", "A trial is about to end.",
        ["account": "Its name.", "ends_at": "When.", "left": "What is left of its credit.",
         "charge": "What would be charged then, as things are now; null: nothing.", "currency": "Of the amounts."], mailed;
    TrialEnded = "trial.ended", "A trial has ended.",
        ["account": "Its name.", "ended_at": "When.", "why": "`used`: its credit was; `over`: its time; `stopped`: somebody ended it.",
         "becomes": "`converting`: a payment follows; `converted`: the account pays by itself; `ended`: nothing is left of it; `run_out`: what was made in it is suspended.",
         "charge": "What is charged now, without tax; null: nothing.",
         "destroy_at": "When what was made in it is to be destroyed; null: it is not.", "currency": "Of the amount."], mailed;
    StepAnnounced = "step.announced", "A step comes for an account in arrears, unless it pays; or for what its owner has switched off, unless it is switched on.",
        ["account": "Its name.", "step": "`suspend`, `delete`, `purge` or `release`.", "cause": "`out`: nothing is left to spend; `due`: a bill is past due; `off`: it is switched off.", "step_at": "When it comes, or came.",
         "ahead_seconds": "So long before it this is said; null: it is not said ahead.", "balance": "What the account has, less what it owes.",
         "owed": "What has to be paid.", "currency": "Of the amounts.", "resources": "Which.", "stays": "What stays as it is although the rest comes back.",
         "restorable_until": "What was deleted can be restored until then; null: it cannot, or nobody knows."], mailed;
    StepHeld = "step.held", "A step that destroys would come now, and something keeps it: somebody may have to look.",
        ["account": "Its name.", "step": "`delete` or `purge`.", "since": "Since when it would come.", "why": "What keeps it."];
    AccountSuspended = "account.suspended", "An account in arrears is suspended: what runs is stopped, what is written to is locked.",
        ["account": "Its name.", "step": "`suspend`, `delete` or `purge`.", "cause": "`out`: nothing is left to spend; `due`: a bill is past due.", "step_at": "When it comes, or came.",
         "ahead_seconds": "So long before it this is said; null: it is not said ahead.", "balance": "What the account has, less what it owes.",
         "owed": "What has to be paid.", "currency": "Of the amounts.", "resources": "Which.", "stays": "What stays as it is although the rest comes back.",
         "restorable_until": "What was deleted can be restored until then; null: it cannot, or nobody knows."], mailed;
    AccountResumed = "account.resumed", "An account has paid: what was suspended comes back.",
        ["account": "Its name.", "step": "`suspend`, `delete` or `purge`.", "cause": "`out`: nothing is left to spend; `due`: a bill is past due.", "step_at": "When it comes, or came.",
         "ahead_seconds": "So long before it this is said; null: it is not said ahead.", "balance": "What the account has, less what it owes.",
         "owed": "What has to be paid.", "currency": "Of the amounts.", "resources": "Which.", "stays": "What stays as it is although the rest comes back.",
         "restorable_until": "What was deleted can be restored until then; null: it cannot, or nobody knows."], mailed;
    AccountThingsDeleted = "account.things_deleted", "What an account in arrears had is deleted.",
        ["account": "Its name.", "step": "`suspend`, `delete` or `purge`.", "cause": "`out`: nothing is left to spend; `due`: a bill is past due.", "step_at": "When it comes, or came.",
         "ahead_seconds": "So long before it this is said; null: it is not said ahead.", "balance": "What the account has, less what it owes.",
         "owed": "What has to be paid.", "currency": "Of the amounts.", "resources": "Which.", "stays": "What stays as it is although the rest comes back.",
         "restorable_until": "What was deleted can be restored until then; null: it cannot, or nobody knows."], mailed;
    AccountThingsPurged = "account.things_purged", "What was deleted cannot be restored any longer.",
        ["account": "Its name.", "step": "`suspend`, `delete` or `purge`.", "cause": "`out`: nothing is left to spend; `due`: a bill is past due.", "step_at": "When it comes, or came.",
         "ahead_seconds": "So long before it this is said; null: it is not said ahead.", "balance": "What the account has, less what it owes.",
         "owed": "What has to be paid.", "currency": "Of the amounts.", "resources": "Which.", "stays": "What stays as it is although the rest comes back.",
         "restorable_until": "What was deleted can be restored until then; null: it cannot, or nobody knows."], mailed;
    SpaceGrace = "space.grace", "What was bought of a space is over and more is in it than is free: nothing is written to it, and its files go at `deleted_at`.",
        ["account": "Its name.", "resource": "The space.", "used": "How much is in it.", "free": "How much of it is everybody's.",
         "over_since": "When what was bought was over.", "deleted_at": "When all its files are deleted, unless it is renewed or no more is in it than is free.",
         "ahead_seconds": "So long before that this is said; null: it is not said ahead."], mailed;
    SpaceInOrder = "space.in_order", "A space that was locked can be written to again: it is renewed, or no more is in it than is free.",
        ["account": "Its name.", "resource": "The space.", "used": "How much is in it.", "free": "How much of it is everybody's.",
         "over_since": "When what was bought was over; null: it is in force.", "deleted_at": "Null.", "ahead_seconds": "Null."], mailed;
    SpaceEmptied = "space.emptied", "All files of a space were deleted, as was announced. The space itself stays, with what is free.",
        ["account": "Its name.", "resource": "The space.", "used": "Nothing.", "free": "How much of it is everybody's.",
         "over_since": "When what was bought was over.", "deleted_at": "When they were deleted.", "ahead_seconds": "Null."], mailed;
    InstructionAsked = "instruction.asked", "The cloud is asked to do something to a resource. What locks or deletes is claimed first: the reason may have ended.",
        ["instruction": "Its id.", "account": "Who pays for it.", "resource": "Which.", "product": "Of what it is.",
         "do": "`stop`, `lock`, `resume`, `unlock`, `delete_keep_data`, `delete_data` or `measure`.", "claim": "Whether it must be claimed before it is done.",
         "step": "The step it belongs to.", "fence": "It only grows for one resource: drop what comes with a smaller one.", "asked_at": "When.",
         "why": "Why it ended, or what is the matter; may be empty."], destroys;
    InstructionCancelled = "instruction.cancelled", "What the cloud was asked to do is not to be done any more.",
        ["instruction": "Its id.", "account": "Who pays for it.", "resource": "Which.", "product": "Of what it is.",
         "do": "`stop`, `lock`, `resume`, `unlock`, `delete_keep_data`, `delete_data` or `measure`.", "claim": "Whether it must be claimed before it is done.",
         "step": "The step it belongs to.", "fence": "It only grows for one resource: drop what comes with a smaller one.", "asked_at": "When.",
         "why": "Why it ended, or what is the matter; may be empty."];
    InstructionOverdue = "instruction.overdue", "The cloud was asked to do something and has not said that it is done: somebody has to look.",
        ["instruction": "Its id.", "account": "Who pays for it.", "resource": "Which.", "product": "Of what it is.",
         "do": "`stop`, `lock`, `resume`, `unlock`, `delete_keep_data`, `delete_data` or `measure`.", "claim": "Whether it must be claimed before it is done.",
         "step": "The step it belongs to.", "fence": "It only grows for one resource: drop what comes with a smaller one.", "asked_at": "When.",
         "why": "Why it ended, or what is the matter; may be empty."];
    BrakeOn = "brake.on", "More is suspended or deleted than usual: nothing is destroyed until somebody has looked.",
        ["since": "When.", "why": "What was seen."];
    AuthorisationExpired = "authorisation.expired", "An authorisation was neither released nor captured for the last time before its end.",
        ["account": "Its name.", "authorisation": "Its id.", "amount": "What was authorised.", "captured": "What of it was captured.",
         "currency": "Of the amounts.", "expired_at": "When it ended."];
    ResourceMissing = "resource.missing", "A resource was not heard of: it is billed to the last moment it is known to have been alive.",
        ["resource": "Its name.", "account": "Who pays for it.", "product": "Of what it is.", "last_seen_at": "That moment."];
    ResourceFound = "resource.found", "A resource that was missing is there again, and is billed from then on.",
        ["resource": "Its name.", "account": "Who pays for it.", "product": "Of what it is.", "seen_at": "When it was seen."];
    ProjectOpened = "project.opened", "A project was opened.",
        ["project": "Its name.", "account": "Who pays for it."];
    ProjectMoved = "project.moved", "Another account pays for a project from now on.",
        ["project": "Its name.", "from": "The account that paid.", "to": "The account that pays."];
    PolicyApplied = "policy.applied", "A version of the cloud's configuration was applied.",
        ["version": "Its number.", "starts_at": "From when it is in force.",
         "corrects": "The version it puts right from its beginning; null: none.", "who": "Who applied it.", "why": "What they wrote."];
    ExportReady = "export.ready", "An export is written: its file can be fetched. A mail about it has a link that opens it.",
        ["account": "Its name; empty: it is of the whole cloud.", "export": "Its id.", "what": "`charges`, `bills`, `lines` or `focus`.",
         "format": "`csv`, `json` or `parquet`.", "rows": "How many.", "bytes": "How long its file is.",
         "expires_at": "When its file is deleted."], mailed;
    PersonInvited = "person.invited", "Somebody was invited to an account's console: they are written to, with a link to choose a password.",
        ["person": "Their id.", "account": "Of which account.", "project": "Of which of its projects; empty: the whole account.",
         "role": "`payer`, `admin`, `finance`, `member` or `viewer`."], mailed;
    PersonPasswordAsked = "person.password_asked", "Somebody says that they forgot their password: they are written to, with a link to choose another.",
        ["person": "Their id."], mailed;
    PersonSecurityChanged = "person.security_changed", "What somebody signs in with was changed: they are written to, in case it was not them.",
        ["person": "Their id.",
         "what": "`password`, `second_factor_on`, `second_factor_off` or `recovery_code_used`."], mailed;
    EndpointTest = "endpoint.test", "A test that was asked for, sent to one endpoint alone.",
        ["endpoint": "Its id."];
}

impl EventType {
    /// Stable.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    pub fn parse(name: &str) -> Option<EventType> {
        EventType::ALL.iter().copied().find(|known| known.name() == name)
    }

    pub const fn about(self) -> &'static str {
        self.facts().about
    }

    /// What its data carries: names and what they say.
    pub const fn fields(self) -> &'static [(&'static str, &'static str)] {
        self.facts().fields
    }

    pub const fn is_mailed(self) -> bool {
        self.facts().mailed
    }

    /// Whether an account may say that it wants no mail of it. What takes something away, what is owed and what nobody else would tell is always
    /// written.
    pub const fn may_be_off(self) -> bool {
        let must = matches!(
            self,
            EventType::StepAnnounced
                | EventType::AccountSuspended
                | EventType::AccountThingsDeleted
                | EventType::AccountThingsPurged
                | EventType::AccountRanOut
                | EventType::SpaceGrace
                | EventType::SpaceEmptied
                | EventType::BudgetStopped
                | EventType::BillIssued
                | EventType::BillDue
                | EventType::BillVoided
                | EventType::DebitAnnounced
                | EventType::PaymentFailed
                | EventType::PaymentActionNeeded
                | EventType::TermRenewalFailed
                | EventType::PersonInvited
                | EventType::PersonPasswordAsked
                | EventType::PersonSecurityChanged
        );
        self.is_mailed() && !must
    }

    /// Whether it may be sent again by hand. What told a cloud to delete something must not tell it twice: the reason may be gone.
    pub const fn may_be_replayed(self) -> bool {
        !self.facts().destroys
    }
}

/// Something that has happened, with all it says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    AccountOpened {
        account: String,
        zone: String,
        country: String,
        pay: Option<String>,
    },
    AccountRanOut {
        account: String,
        since: Instant,
        balance: Money,
        accrued: Money,
        owed: Money,
    },
    AccountRecovered {
        account: String,
        ran_out_at: Instant,
        balance: Money,
        available: Money,
    },
    AccountParked {
        account: String,
        reason: String,
    },
    AccountUnparked {
        account: String,
        reason: String,
    },
    AccountPayChanged {
        account: String,
        pay: Option<String>,
    },
    AccountClosed {
        account: String,
    },
    MoneyToppedUp {
        account: String,
        amount: Money,
        arrears: Money,
        balance: Money,
        reference: Option<String>,
        transfer: String,
    },
    PaymentPending(PaymentTold),
    PaymentActionNeeded(PaymentTold),
    PaymentHeld(PaymentTold),
    PaymentFailed(PaymentTold),
    PaymentDisputed(PaymentTold),
    PaymentDisputeEnded(PaymentTold),
    DebitAnnounced(DebitTold),
    BankMoneyUnknown {
        row: String,
        amount: Money,
        name: String,
        why: String,
    },
    RefundRequested(RefundTold),
    RefundRefused(RefundTold),
    RefundSent(RefundTold),
    RefundFailed(RefundTold),
    MethodAdded(MethodTold),
    MethodRemoved(MethodTold),
    MethodExpiring(MethodTold),
    BillIssued(BillTold),
    BillPaid(BillTold),
    BillDue(BillTold),
    BillVoided(BillTold),
    BillWrittenOff(BillTold),
    BillDisputed(BillDisputeTold),
    BillDisputeEnded(BillDisputeTold),
    InvoiceRequested(InvoiceRequestTold),
    InvoiceLate(InvoiceRequestTold),
    InvoiceIssued(BillTold),
    InvoiceRefused(InvoiceRequestTold),
    ReceiptIssued(BillTold),
    CreditNoteIssued(BillTold),
    StatementIssued(BillTold),
    OrderPlaced(OrderTold),
    OrderPaid(OrderTold),
    OrderActive(OrderTold),
    OrderExpired(OrderTold),
    OrderVoided(OrderTold),
    TermChanged(TermTold),
    TermRenewed(TermTold),
    TermRenewalFailed(TermTold),
    TermExpired(TermTold),
    TermConverted(TermTold),
    TermEnded(TermTold),
    RefillSwitchedOff {
        account: String,
        failures: i64,
        why: String,
    },
    ChargeWaived {
        account: String,
        product: String,
        amount: Money,
        reason: String,
    },
    OutageVoided(OutageTold),
    OutageWithdrawn(OutageTold),
    WalletLow {
        account: String,
        threshold: Money,
        left: Money,
    },
    BalanceLow {
        account: String,
        threshold: Money,
        left: Money,
    },
    RunwayShort {
        account: String,
        days: i64,
        left: Money,
        burn_per_hour: Money,
        runs_out: Option<Instant>,
    },
    MonthCostPassed {
        account: String,
        month: String,
        limit: Money,
        cost: Money,
    },
    BudgetReached(BudgetTold),
    BudgetStopped(BudgetTold),
    BudgetLifted(BudgetTold),
    CreditGranted {
        account: String,
        grant: String,
        amount: Money,
        products: Vec<String>,
        starts: Instant,
        expires: Option<Instant>,
    },
    CreditExpiring {
        account: String,
        grant: String,
        amount: Money,
        products: Vec<String>,
        expires: Instant,
    },
    CreditLapsed {
        account: String,
        grant: String,
        amount: Money,
        expired_at: Instant,
    },
    UnitsAdded {
        account: String,
        units: Quantity,
        unit: String,
        name: String,
        price: Money,
        expires: Option<Instant>,
    },
    UnitsUsedUp {
        account: String,
        unit: String,
        since: Instant,
    },
    UnitsLapsed {
        account: String,
        units: Quantity,
        unit: String,
        name: String,
        expired_at: Instant,
    },
    TrialStarted {
        account: String,
        credit: Money,
        ends: Instant,
    },
    TrialEnding {
        account: String,
        ends: Instant,
        left: Money,
        charge: Option<Money>,
    },
    TrialEnded {
        account: String,
        ended: Instant,
        why: String,
        becomes: String,
        charge: Option<Money>,
        destroy_at: Option<Instant>,
        currency: Currency,
    },
    StepAnnounced(StepTold),
    StepHeld {
        account: String,
        rung: Rung,
        since: Instant,
        why: String,
    },
    AccountSuspended(StepTold),
    AccountResumed(StepTold),
    AccountThingsDeleted(StepTold),
    AccountThingsPurged(StepTold),
    SpaceGrace(SpaceTold),
    SpaceInOrder(SpaceTold),
    SpaceEmptied(SpaceTold),
    InstructionAsked(InstructionTold),
    InstructionCancelled(InstructionTold),
    InstructionOverdue(InstructionTold),
    BrakeOn {
        since: Instant,
        why: String,
    },
    AuthorisationExpired {
        account: String,
        authorisation: String,
        amount: Money,
        captured: Money,
        expired_at: Instant,
    },
    ResourceMissing {
        resource: String,
        account: String,
        product: String,
        last_seen_at: Instant,
    },
    ResourceFound {
        resource: String,
        account: String,
        product: String,
        seen_at: Instant,
    },
    ProjectOpened {
        project: String,
        account: String,
    },
    ProjectMoved {
        project: String,
        from: String,
        to: String,
    },
    PolicyApplied {
        version: i64,
        starts: Instant,
        corrects: Option<i64>,
        who: String,
        why: String,
    },
    ExportReady {
        account: String,
        export: String,
        what: String,
        format: String,
        rows: i64,
        bytes: i64,
        expires: Instant,
    },
    PersonInvited {
        person: PersonId,
        account: String,
        project: String,
        role: Role,
    },
    PersonPasswordAsked {
        person: PersonId,
    },
    PersonSecurityChanged {
        person: PersonId,
        what: SecurityChange,
    },
    EndpointTest {
        endpoint: super::EndpointId,
    },
}

/// What of a person's signing in was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityChange {
    Password,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodeUsed,
}

impl SecurityChange {
    pub const fn name(self) -> &'static str {
        match self {
            SecurityChange::Password => "password",
            SecurityChange::SecondFactorOn => "second_factor_on",
            SecurityChange::SecondFactorOff => "second_factor_off",
            SecurityChange::RecoveryCodeUsed => "recovery_code_used",
        }
    }
}

impl Event {
    pub const fn kind(&self) -> EventType {
        match self {
            Event::AccountOpened { .. } => EventType::AccountOpened,
            Event::AccountRanOut { .. } => EventType::AccountRanOut,
            Event::AccountRecovered { .. } => EventType::AccountRecovered,
            Event::AccountParked { .. } => EventType::AccountParked,
            Event::AccountUnparked { .. } => EventType::AccountUnparked,
            Event::AccountPayChanged { .. } => EventType::AccountPayChanged,
            Event::AccountClosed { .. } => EventType::AccountClosed,
            Event::MoneyToppedUp { .. } => EventType::MoneyToppedUp,
            Event::PaymentPending(_) => EventType::PaymentPending,
            Event::PaymentActionNeeded(_) => EventType::PaymentActionNeeded,
            Event::PaymentHeld(_) => EventType::PaymentHeld,
            Event::PaymentFailed(_) => EventType::PaymentFailed,
            Event::PaymentDisputed(_) => EventType::PaymentDisputed,
            Event::PaymentDisputeEnded(_) => EventType::PaymentDisputeEnded,
            Event::DebitAnnounced(_) => EventType::DebitAnnounced,
            Event::BankMoneyUnknown { .. } => EventType::BankMoneyUnknown,
            Event::RefundRequested(_) => EventType::RefundRequested,
            Event::RefundRefused(_) => EventType::RefundRefused,
            Event::RefundSent(_) => EventType::RefundSent,
            Event::RefundFailed(_) => EventType::RefundFailed,
            Event::MethodAdded(_) => EventType::MethodAdded,
            Event::MethodRemoved(_) => EventType::MethodRemoved,
            Event::MethodExpiring(_) => EventType::MethodExpiring,
            Event::BillIssued(_) => EventType::BillIssued,
            Event::BillPaid(_) => EventType::BillPaid,
            Event::BillDue(_) => EventType::BillDue,
            Event::BillVoided(_) => EventType::BillVoided,
            Event::BillWrittenOff(_) => EventType::BillWrittenOff,
            Event::BillDisputed(_) => EventType::BillDisputed,
            Event::BillDisputeEnded(_) => EventType::BillDisputeEnded,
            Event::InvoiceRequested(_) => EventType::InvoiceRequested,
            Event::InvoiceLate(_) => EventType::InvoiceLate,
            Event::InvoiceIssued(_) => EventType::InvoiceIssued,
            Event::InvoiceRefused(_) => EventType::InvoiceRefused,
            Event::ReceiptIssued(_) => EventType::ReceiptIssued,
            Event::CreditNoteIssued(_) => EventType::CreditNoteIssued,
            Event::StatementIssued(_) => EventType::StatementIssued,
            Event::OrderPlaced(_) => EventType::OrderPlaced,
            Event::OrderPaid(_) => EventType::OrderPaid,
            Event::OrderActive(_) => EventType::OrderActive,
            Event::OrderExpired(_) => EventType::OrderExpired,
            Event::OrderVoided(_) => EventType::OrderVoided,
            Event::TermChanged(_) => EventType::TermChanged,
            Event::TermRenewed(_) => EventType::TermRenewed,
            Event::TermRenewalFailed(_) => EventType::TermRenewalFailed,
            Event::TermExpired(_) => EventType::TermExpired,
            Event::TermConverted(_) => EventType::TermConverted,
            Event::TermEnded(_) => EventType::TermEnded,
            Event::RefillSwitchedOff { .. } => EventType::RefillSwitchedOff,
            Event::ChargeWaived { .. } => EventType::ChargeWaived,
            Event::WalletLow { .. } => EventType::WalletLow,
            Event::BalanceLow { .. } => EventType::BalanceLow,
            Event::RunwayShort { .. } => EventType::RunwayShort,
            Event::MonthCostPassed { .. } => EventType::MonthCostPassed,
            Event::BudgetReached(_) => EventType::BudgetReached,
            Event::BudgetStopped(_) => EventType::BudgetStopped,
            Event::BudgetLifted(_) => EventType::BudgetLifted,
            Event::CreditGranted { .. } => EventType::CreditGranted,
            Event::CreditExpiring { .. } => EventType::CreditExpiring,
            Event::CreditLapsed { .. } => EventType::CreditLapsed,
            Event::UnitsAdded { .. } => EventType::UnitsAdded,
            Event::UnitsUsedUp { .. } => EventType::UnitsUsedUp,
            Event::UnitsLapsed { .. } => EventType::UnitsLapsed,
            Event::TrialStarted { .. } => EventType::TrialStarted,
            Event::TrialEnding { .. } => EventType::TrialEnding,
            Event::TrialEnded { .. } => EventType::TrialEnded,
            Event::StepAnnounced(_) => EventType::StepAnnounced,
            Event::StepHeld { .. } => EventType::StepHeld,
            Event::AccountSuspended(_) => EventType::AccountSuspended,
            Event::AccountResumed(_) => EventType::AccountResumed,
            Event::AccountThingsDeleted(_) => EventType::AccountThingsDeleted,
            Event::AccountThingsPurged(_) => EventType::AccountThingsPurged,
            Event::SpaceGrace(_) => EventType::SpaceGrace,
            Event::SpaceInOrder(_) => EventType::SpaceInOrder,
            Event::SpaceEmptied(_) => EventType::SpaceEmptied,
            Event::InstructionAsked(_) => EventType::InstructionAsked,
            Event::InstructionCancelled(_) => EventType::InstructionCancelled,
            Event::InstructionOverdue(_) => EventType::InstructionOverdue,
            Event::BrakeOn { .. } => EventType::BrakeOn,
            Event::AuthorisationExpired { .. } => EventType::AuthorisationExpired,
            Event::ResourceMissing { .. } => EventType::ResourceMissing,
            Event::ResourceFound { .. } => EventType::ResourceFound,
            Event::OutageVoided(_) => EventType::OutageVoided,
            Event::OutageWithdrawn(_) => EventType::OutageWithdrawn,
            Event::ProjectOpened { .. } => EventType::ProjectOpened,
            Event::ProjectMoved { .. } => EventType::ProjectMoved,
            Event::PolicyApplied { .. } => EventType::PolicyApplied,
            Event::ExportReady { .. } => EventType::ExportReady,
            Event::PersonInvited { .. } => EventType::PersonInvited,
            Event::PersonPasswordAsked { .. } => EventType::PersonPasswordAsked,
            Event::PersonSecurityChanged { .. } => EventType::PersonSecurityChanged,
            Event::EndpointTest { .. } => EventType::EndpointTest,
        }
    }

    /// Among which others it keeps its order.
    pub fn lane(&self) -> Lane {
        match self {
            Event::AccountOpened { account, .. }
            | Event::AccountRanOut { account, .. }
            | Event::AccountRecovered { account, .. }
            | Event::AccountParked { account, .. }
            | Event::AccountUnparked { account, .. }
            | Event::AccountPayChanged { account, .. }
            | Event::AccountClosed { account }
            | Event::MoneyToppedUp { account, .. }
            | Event::RefillSwitchedOff { account, .. }
            | Event::ChargeWaived { account, .. }
            | Event::WalletLow { account, .. }
            | Event::BalanceLow { account, .. }
            | Event::RunwayShort { account, .. }
            | Event::MonthCostPassed { account, .. }
            | Event::CreditGranted { account, .. }
            | Event::CreditExpiring { account, .. }
            | Event::CreditLapsed { account, .. }
            | Event::UnitsAdded { account, .. }
            | Event::UnitsUsedUp { account, .. }
            | Event::UnitsLapsed { account, .. }
            | Event::TrialStarted { account, .. }
            | Event::TrialEnding { account, .. }
            | Event::TrialEnded { account, .. }
            | Event::StepHeld { account, .. }
            | Event::AuthorisationExpired { account, .. } => Lane::Account(account.clone()),
            Event::StepAnnounced(told)
            | Event::AccountSuspended(told)
            | Event::AccountResumed(told)
            | Event::AccountThingsDeleted(told)
            | Event::AccountThingsPurged(told) => Lane::Account(told.account.clone()),
            Event::SpaceGrace(told) | Event::SpaceInOrder(told) | Event::SpaceEmptied(told) => {
                Lane::Account(told.account.clone())
            }
            Event::InstructionAsked(told) | Event::InstructionCancelled(told) | Event::InstructionOverdue(told) => {
                Lane::Resource(told.resource.clone())
            }
            Event::PaymentPending(told)
            | Event::PaymentActionNeeded(told)
            | Event::PaymentHeld(told)
            | Event::PaymentFailed(told)
            | Event::PaymentDisputed(told)
            | Event::PaymentDisputeEnded(told) => Lane::Account(told.account.clone()),
            Event::DebitAnnounced(told) => Lane::Account(told.account.clone()),
            Event::RefundRequested(told)
            | Event::RefundRefused(told)
            | Event::RefundSent(told)
            | Event::RefundFailed(told) => Lane::Account(told.account.clone()),
            Event::MethodAdded(told) | Event::MethodRemoved(told) | Event::MethodExpiring(told) => {
                Lane::Account(told.account.clone())
            }
            Event::BillIssued(told)
            | Event::BillPaid(told)
            | Event::BillDue(told)
            | Event::BillVoided(told)
            | Event::BillWrittenOff(told)
            | Event::InvoiceIssued(told)
            | Event::ReceiptIssued(told)
            | Event::CreditNoteIssued(told)
            | Event::StatementIssued(told) => Lane::Account(told.account.clone()),
            Event::BillDisputed(told) | Event::BillDisputeEnded(told) => Lane::Account(told.account.clone()),
            Event::InvoiceRequested(told) | Event::InvoiceLate(told) | Event::InvoiceRefused(told) => {
                Lane::Account(told.account.clone())
            }
            Event::OrderPlaced(told)
            | Event::OrderPaid(told)
            | Event::OrderActive(told)
            | Event::OrderExpired(told)
            | Event::OrderVoided(told) => Lane::Account(told.account.clone()),
            Event::TermChanged(told)
            | Event::TermRenewed(told)
            | Event::TermRenewalFailed(told)
            | Event::TermExpired(told)
            | Event::TermConverted(told)
            | Event::TermEnded(told) => Lane::Account(told.account.clone()),
            Event::BudgetReached(told) | Event::BudgetStopped(told) | Event::BudgetLifted(told) => {
                Lane::Account(told.account.clone())
            }
            Event::OutageVoided(told) | Event::OutageWithdrawn(told) => Lane::Account(told.account.clone()),
            Event::ResourceMissing { resource, .. } | Event::ResourceFound { resource, .. } => {
                Lane::Resource(resource.clone())
            }
            Event::ProjectOpened { project, .. } | Event::ProjectMoved { project, .. } => {
                Lane::Project(project.clone())
            }
            Event::ExportReady { account, .. } if !account.is_empty() => Lane::Account(account.clone()),
            Event::PolicyApplied { .. }
            | Event::BankMoneyUnknown { .. }
            | Event::BrakeOn { .. }
            | Event::ExportReady { .. } => Lane::Cloud,
            Event::PersonInvited { person, .. }
            | Event::PersonPasswordAsked { person }
            | Event::PersonSecurityChanged { person, .. } => Lane::Person(*person),
            Event::EndpointTest { endpoint } => Lane::Endpoint(*endpoint),
        }
    }

    /// The step that this says is coming: whose, which, and so long ahead.
    pub fn announces(&self) -> Option<(Option<ThingId>, Rung, Duration)> {
        match self {
            Event::StepAnnounced(told) => Some((told.thing, told.rung, told.ahead?)),
            Event::SpaceGrace(told) => Some((Some(told.space), Rung::Empty, told.ahead?)),
            _ => None,
        }
    }

    /// The account it is about; empty: none alone.
    pub fn account(&self) -> &str {
        match self {
            Event::AccountOpened { account, .. }
            | Event::AccountRanOut { account, .. }
            | Event::AccountRecovered { account, .. }
            | Event::AccountParked { account, .. }
            | Event::AccountUnparked { account, .. }
            | Event::AccountPayChanged { account, .. }
            | Event::AccountClosed { account }
            | Event::MoneyToppedUp { account, .. }
            | Event::RefillSwitchedOff { account, .. }
            | Event::ChargeWaived { account, .. }
            | Event::WalletLow { account, .. }
            | Event::BalanceLow { account, .. }
            | Event::RunwayShort { account, .. }
            | Event::MonthCostPassed { account, .. }
            | Event::CreditGranted { account, .. }
            | Event::CreditExpiring { account, .. }
            | Event::CreditLapsed { account, .. }
            | Event::UnitsAdded { account, .. }
            | Event::UnitsUsedUp { account, .. }
            | Event::UnitsLapsed { account, .. }
            | Event::TrialStarted { account, .. }
            | Event::TrialEnding { account, .. }
            | Event::TrialEnded { account, .. }
            | Event::StepHeld { account, .. }
            | Event::AuthorisationExpired { account, .. }
            | Event::ResourceMissing { account, .. }
            | Event::ResourceFound { account, .. }
            | Event::ProjectOpened { account, .. }
            | Event::ExportReady { account, .. }
            | Event::PersonInvited { account, .. }
            | Event::ProjectMoved { to: account, .. } => account,
            Event::PaymentPending(told)
            | Event::PaymentActionNeeded(told)
            | Event::PaymentHeld(told)
            | Event::PaymentFailed(told)
            | Event::PaymentDisputed(told)
            | Event::PaymentDisputeEnded(told) => &told.account,
            Event::DebitAnnounced(told) => &told.account,
            Event::BudgetReached(told) | Event::BudgetStopped(told) | Event::BudgetLifted(told) => &told.account,
            Event::OutageVoided(told) | Event::OutageWithdrawn(told) => &told.account,
            Event::StepAnnounced(told)
            | Event::AccountSuspended(told)
            | Event::AccountResumed(told)
            | Event::AccountThingsDeleted(told)
            | Event::AccountThingsPurged(told) => &told.account,
            Event::SpaceGrace(told) | Event::SpaceInOrder(told) | Event::SpaceEmptied(told) => &told.account,
            Event::InstructionAsked(told) | Event::InstructionCancelled(told) | Event::InstructionOverdue(told) => {
                &told.account
            }
            Event::RefundRequested(told)
            | Event::RefundRefused(told)
            | Event::RefundSent(told)
            | Event::RefundFailed(told) => &told.account,
            Event::MethodAdded(told) | Event::MethodRemoved(told) | Event::MethodExpiring(told) => &told.account,
            Event::BillIssued(told)
            | Event::BillPaid(told)
            | Event::BillDue(told)
            | Event::BillVoided(told)
            | Event::BillWrittenOff(told)
            | Event::InvoiceIssued(told)
            | Event::ReceiptIssued(told)
            | Event::CreditNoteIssued(told)
            | Event::StatementIssued(told) => &told.account,
            Event::BillDisputed(told) | Event::BillDisputeEnded(told) => &told.account,
            Event::InvoiceRequested(told) | Event::InvoiceLate(told) | Event::InvoiceRefused(told) => &told.account,
            Event::OrderPlaced(told)
            | Event::OrderPaid(told)
            | Event::OrderActive(told)
            | Event::OrderExpired(told)
            | Event::OrderVoided(told) => &told.account,
            Event::TermChanged(told)
            | Event::TermRenewed(told)
            | Event::TermRenewalFailed(told)
            | Event::TermExpired(told)
            | Event::TermConverted(told)
            | Event::TermEnded(told) => &told.account,
            Event::PolicyApplied { .. }
            | Event::EndpointTest { .. }
            | Event::BrakeOn { .. }
            | Event::PersonPasswordAsked { .. }
            | Event::PersonSecurityChanged { .. }
            | Event::BankMoneyUnknown { .. } => "",
        }
    }

    /// Whom it is about and written to, where that is not an account's contact. What is sent names nobody: an id leads to nothing once its
    /// person is erased.
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Event::PersonInvited { person, .. }
            | Event::PersonPasswordAsked { person }
            | Event::PersonSecurityChanged { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// What it says, as it is sent.
    pub fn data(&self) -> Value {
        let time = |at: &Instant| at.to_string();
        let money = |amount: &Money| amount.plain();
        let code = |amount: &Money| amount.currency().code();
        match self {
            Event::AccountOpened { account, zone, country, pay } => {
                json!({ "account": account, "zone": zone, "country": country, "pay": pay })
            }
            Event::AccountRanOut { account, since, balance, accrued, owed } => json!({
                "account": account, "since": time(since), "balance": money(balance), "accrued": money(accrued),
                "owed": money(owed), "currency": code(balance),
            }),
            Event::AccountRecovered { account, ran_out_at, balance, available } => json!({
                "account": account, "ran_out_at": time(ran_out_at), "balance": money(balance),
                "available": money(available), "currency": code(balance),
            }),
            Event::AccountParked { account, reason } | Event::AccountUnparked { account, reason } => {
                json!({ "account": account, "reason": reason })
            }
            Event::AccountPayChanged { account, pay } => json!({ "account": account, "pay": pay }),
            Event::AccountClosed { account } => json!({ "account": account }),
            Event::MoneyToppedUp { account, amount, arrears, balance, reference, transfer } => json!({
                "account": account, "amount": money(amount), "arrears": money(arrears), "balance": money(balance),
                "currency": code(amount), "reference": reference, "transfer": transfer,
            }),
            Event::PaymentPending(told)
            | Event::PaymentActionNeeded(told)
            | Event::PaymentHeld(told)
            | Event::PaymentFailed(told)
            | Event::PaymentDisputed(told)
            | Event::PaymentDisputeEnded(told) => told.data(),
            Event::DebitAnnounced(told) => told.data(),
            Event::BankMoneyUnknown { row, amount, name, why } => json!({
                "row": row, "amount": money(amount), "currency": code(amount), "name": name, "why": why,
            }),
            Event::RefundRequested(told)
            | Event::RefundRefused(told)
            | Event::RefundSent(told)
            | Event::RefundFailed(told) => told.data(),
            Event::MethodAdded(told) | Event::MethodRemoved(told) | Event::MethodExpiring(told) => told.data(),
            Event::BillIssued(told)
            | Event::BillPaid(told)
            | Event::BillDue(told)
            | Event::BillVoided(told)
            | Event::BillWrittenOff(told)
            | Event::InvoiceIssued(told)
            | Event::ReceiptIssued(told)
            | Event::CreditNoteIssued(told)
            | Event::StatementIssued(told) => told.data(),
            Event::BillDisputed(told) | Event::BillDisputeEnded(told) => told.data(),
            Event::InvoiceRequested(told) | Event::InvoiceLate(told) | Event::InvoiceRefused(told) => told.data(),
            Event::RefillSwitchedOff { account, failures, why } => {
                json!({ "account": account, "failures": failures, "why": why })
            }
            Event::ChargeWaived { account, product, amount, reason } => json!({
                "account": account, "product": product, "amount": money(amount), "currency": code(amount), "reason": reason,
            }),
            Event::OrderPlaced(told)
            | Event::OrderPaid(told)
            | Event::OrderActive(told)
            | Event::OrderExpired(told)
            | Event::OrderVoided(told) => told.data(),
            Event::TermChanged(told)
            | Event::TermRenewed(told)
            | Event::TermRenewalFailed(told)
            | Event::TermExpired(told)
            | Event::TermConverted(told)
            | Event::TermEnded(told) => told.data(),
            Event::OutageVoided(told) | Event::OutageWithdrawn(told) => told.data(),
            Event::WalletLow { account, threshold, left } | Event::BalanceLow { account, threshold, left } => json!({
                "account": account, "threshold": money(threshold), "left": money(left), "currency": code(left),
            }),
            Event::RunwayShort { account, days, left, burn_per_hour, runs_out } => json!({
                "account": account, "days": days, "left": money(left), "burn_per_hour": money(burn_per_hour),
                "runs_out_at": runs_out.as_ref().map(time), "currency": code(left),
            }),
            Event::BudgetReached(told) | Event::BudgetStopped(told) | Event::BudgetLifted(told) => told.data(),
            Event::MonthCostPassed { account, month, limit, cost } => json!({
                "account": account, "month": month, "limit": money(limit), "cost": money(cost), "currency": code(cost),
            }),
            Event::CreditGranted { account, grant, amount, products, starts, expires } => json!({
                "account": account, "grant": grant, "amount": money(amount), "currency": code(amount),
                "products": products, "starts_at": time(starts), "expires_at": expires.as_ref().map(time),
            }),
            Event::CreditExpiring { account, grant, amount, products, expires } => json!({
                "account": account, "grant": grant, "amount": money(amount), "currency": code(amount),
                "products": products, "expires_at": time(expires),
            }),
            Event::CreditLapsed { account, grant, amount, expired_at } => json!({
                "account": account, "grant": grant, "amount": money(amount), "currency": code(amount),
                "expired_at": time(expired_at),
            }),
            Event::UnitsAdded { account, units, unit, name, price, expires } => json!({
                "account": account, "units": units.to_string(), "unit": unit, "name": name, "price": money(price),
                "currency": code(price), "expires_at": expires.as_ref().map(time),
            }),
            Event::UnitsUsedUp { account, unit, since } => {
                json!({ "account": account, "unit": unit, "since": time(since) })
            }
            Event::UnitsLapsed { account, units, unit, name, expired_at } => json!({
                "account": account, "units": units.to_string(), "unit": unit, "name": name,
                "expired_at": time(expired_at),
            }),
            Event::TrialStarted { account, credit, ends } => json!({
                "account": account, "credit": money(credit), "currency": code(credit), "ends_at": time(ends),
            }),
            Event::TrialEnding { account, ends, left, charge } => json!({
                "account": account, "ends_at": time(ends), "left": money(left), "charge": charge.as_ref().map(money),
                "currency": code(left),
            }),
            Event::TrialEnded { account, ended, why, becomes, charge, destroy_at, currency } => json!({
                "account": account, "ended_at": time(ended), "why": why, "becomes": becomes,
                "charge": charge.as_ref().map(money), "destroy_at": destroy_at.as_ref().map(time), "currency": currency.code(),
            }),
            Event::StepAnnounced(told)
            | Event::AccountSuspended(told)
            | Event::AccountResumed(told)
            | Event::AccountThingsDeleted(told)
            | Event::AccountThingsPurged(told) => told.data(),
            Event::SpaceGrace(told) | Event::SpaceInOrder(told) | Event::SpaceEmptied(told) => told.data(),
            Event::InstructionAsked(told) | Event::InstructionCancelled(told) | Event::InstructionOverdue(told) => {
                told.data()
            }
            Event::StepHeld { account, rung, since, why } => {
                json!({ "account": account, "step": rung.name(), "since": time(since), "why": why })
            }
            Event::BrakeOn { since, why } => json!({ "since": time(since), "why": why }),
            Event::AuthorisationExpired { account, authorisation, amount, captured, expired_at } => json!({
                "account": account, "authorisation": authorisation, "amount": money(amount), "captured": money(captured),
                "currency": code(amount), "expired_at": time(expired_at),
            }),
            Event::ResourceMissing { resource, account, product, last_seen_at } => json!({
                "resource": resource, "account": account, "product": product, "last_seen_at": time(last_seen_at),
            }),
            Event::ResourceFound { resource, account, product, seen_at } => {
                json!({ "resource": resource, "account": account, "product": product, "seen_at": time(seen_at) })
            }
            Event::ProjectOpened { project, account } => json!({ "project": project, "account": account }),
            Event::ProjectMoved { project, from, to } => json!({ "project": project, "from": from, "to": to }),
            Event::PolicyApplied { version, starts, corrects, who, why } => json!({
                "version": version, "starts_at": time(starts), "corrects": corrects, "who": who, "why": why,
            }),
            Event::ExportReady { account, export, what, format, rows, bytes, expires } => json!({
                "account": account, "export": export, "what": what, "format": format, "rows": rows, "bytes": bytes,
                "expires_at": expires.to_string(),
            }),
            Event::PersonInvited { person, account, project, role } => json!({
                "person": person.to_string(), "account": account, "project": project, "role": role.name(),
            }),
            Event::PersonPasswordAsked { person } => json!({ "person": person.to_string() }),
            Event::PersonSecurityChanged { person, what } => {
                json!({ "person": person.to_string(), "what": what.name() })
            }
            Event::EndpointTest { endpoint } => json!({ "endpoint": endpoint.to_string() }),
        }
    }

    /// The body of a webhook. It is the same whenever it is sent, to the letter.
    pub fn body(id: &str, kind: &str, at: Instant, cloud: &str, data: &str) -> String {
        let mut body = Map::new();
        body.insert("id".to_owned(), json!(id));
        body.insert("type".to_owned(), json!(kind));
        body.insert("timestamp".to_owned(), json!(at.to_string()));
        body.insert("cloud".to_owned(), json!(cloud));
        // What was kept is JSON: it was written by `data`.
        body.insert("data".to_owned(), serde_json::from_str(data).unwrap_or(Value::Null));
        Value::Object(body).to_string()
    }
}

/// Which types an endpoint hears of: all, or those it names: `money.topped_up`, `account.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError(pub String);

impl Filter {
    pub fn parse(names: &[String]) -> Result<Filter, FilterError> {
        let mut kept: Vec<String> = Vec::new();
        for name in names {
            let known = match name.strip_suffix(".*") {
                Some(group) => EventType::ALL.iter().any(|kind| group_of(kind.name()) == group),
                None => EventType::parse(name).is_some(),
            };
            if !known {
                return Err(FilterError(name.clone()));
            }
            if !kept.contains(name) {
                kept.push(name.clone());
            }
        }
        Ok(Filter(kept))
    }

    /// What `to_text` wrote.
    pub fn from_text(text: &str) -> Filter {
        Filter(text.split_whitespace().map(str::to_owned).collect())
    }

    pub fn to_text(&self) -> String {
        self.0.join(" ")
    }

    pub fn names(&self) -> &[String] {
        &self.0
    }

    pub fn hears(&self, kind: EventType) -> bool {
        let name = kind.name();
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|own| own == name || own.strip_suffix(".*").is_some_and(|group| group_of(name) == group))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "there is no type of event {:?}: docs/webhooks.md lists them, such as account.ran_out or account.*",
            self.0
        )
    }
}

impl std::error::Error for FilterError {}

fn group_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(group, _)| group)
}

fn someone() -> PersonId {
    PersonId::from_parts(1_795_000_000_000, [7; 10])
}

/// One of each, for the documentation and for tests.
pub fn samples() -> Vec<Event> {
    let at = Instant::from_micros(1_795_000_000_000_000);
    let later = Instant::from_micros(1_797_592_000_000_000);
    let currency = Currency::parse("USD").expect("a currency");
    let usd = |text: &str| Money::parse_amount(text, currency).expect("an amount");
    let name = str::to_owned;
    let payment = |why: &str, url: &str| PaymentTold {
        account: name("acme"),
        payment: name("pay_01m0abw8g0ksx01tfeknmcatch"),
        purpose: name("top_up"),
        amount: usd("50.00"),
        tax: usd("9.50"),
        paid_with: name("visa 4242"),
        why: name(why),
        url: name(url),
    };
    let refund = |why: &str| RefundTold {
        account: name("acme"),
        refund: name("rf_01m0abw8g0ksx01tfeknmcatch"),
        amount: usd("20.00"),
        reason: name("we are leaving"),
        why: name(why),
    };
    let method = MethodTold {
        account: name("acme"),
        method: name("pm_01m0abw8g0ksx01tfeknmcatch"),
        channel: name("card"),
        label: name("visa 4242"),
        expires: name("2027-03"),
        default: true,
    };
    let bill = |number: &str, of: &str| BillTold {
        account: name("acme"),
        bill: name("bill_01m0abw8g0ksx01tfeknmcatch"),
        number: name(number),
        total: usd("59.50"),
        tax: usd("9.50"),
        owed: usd("59.50"),
        due: of.is_empty().then_some(later),
        of: name(of),
    };
    let dispute = |state: &str, granted: &str, note: &str| BillDisputeTold {
        account: name("acme"),
        bill: name("bill_01m0abw8g0ksx01tfeknmcatch"),
        number: name("2026-000042"),
        dispute: name("disp_01m0abw8g0ksx01tfeknmcatch"),
        amount: usd("11.90"),
        granted: usd(granted),
        state: name(state),
        reason: name("two nodes were stopped by then"),
        note: name(note),
    };
    let invoice = |note: &str| InvoiceRequestTold {
        account: name("acme"),
        request: name("ireq_01m0abw8g0ksx01tfeknmcatch"),
        amount: usd("59.50"),
        due: Some(later),
        note: name(note),
    };
    let order = |until: Option<Instant>, why: &str| OrderTold {
        account: name("acme"),
        order: name("ord_01m0abw8g0ksx01tfeknmcatch"),
        name: name("node-1"),
        kind: name("new"),
        product: name("hosted"),
        sku: name("aws-eu-central-1-4c-16g"),
        addon: String::new(),
        parent: String::new(),
        quantity: 1,
        properties: std::collections::BTreeMap::from([(name("region"), name("eu-central-1"))]),
        amount: usd("95.00"),
        until,
        why: name(why),
    };
    let term = |back: &str, why: &str| TermTold {
        account: name("acme"),
        name: name("node-1"),
        product: name("hosted"),
        sku: name("aws-eu-central-1-4c-16g"),
        addon: String::new(),
        quantity: 1,
        state: name("running"),
        paid_to: later,
        back: usd(back),
        why: name(why),
    };
    let budget = |does: Does| BudgetTold {
        account: name("acme"),
        budget: name("team-a"),
        project: name("site"),
        label: name("team=a"),
        month: name("2026-11"),
        percent: 100,
        of: Of::Actual,
        does,
        limit: usd("500.00"),
        cost: usd("500.02"),
        resources: if does == Does::Stop { vec![name("web")] } else { Vec::new() },
    };
    let outage = |amount: &str| OutageTold {
        account: name("acme"),
        outage: name("INC-2231"),
        product: name("gpu"),
        from: at,
        to: Instant::from_micros(1_795_005_400_000_000),
        amount: usd(amount),
        units: String::new(),
    };
    let step = |rung: Rung| StepTold {
        account: name("acme"),
        thing: None,
        rung,
        cause: Cause::Out,
        at,
        ahead: None,
        balance: usd("-0.42"),
        owed: usd("0.42"),
        resources: vec![name("vm-7"), name("vm-8")],
        stays: Vec::new(),
        restorable_until: None,
    };
    let space = |used: &str| SpaceTold {
        account: name("acme"),
        space: ThingId(7),
        resource: name("share"),
        used: name(used),
        free: name("1024 GB"),
        over_since: Some(at),
        deleted: None,
        ahead: None,
    };
    let instruction = |why: &str| InstructionTold {
        id: InstructionId::from_bytes([1; 16]),
        account: name("acme"),
        resource: name("vm-7"),
        product: name("service"),
        deed: Deed::DeleteKeepData,
        rung: Rung::Delete,
        fence: 3,
        asked: at,
        why: name(why),
    };
    vec![
        Event::AccountOpened {
            account: name("acme"),
            zone: name("Europe/Rome"),
            country: name("IT"),
            pay: Some(name("prepaid")),
        },
        Event::AccountRanOut {
            account: name("acme"),
            since: at,
            balance: usd("0.41"),
            accrued: usd("0.41"),
            owed: usd("0.00"),
        },
        Event::AccountRecovered {
            account: name("acme"),
            ran_out_at: at,
            balance: usd("49.12"),
            available: usd("49.12"),
        },
        Event::AccountParked { account: name("acme"), reason: name("no price for product gpu on 2026-11-18") },
        Event::AccountUnparked { account: name("acme"), reason: name("no price for product gpu on 2026-11-18") },
        Event::AccountPayChanged { account: name("acme"), pay: Some(name("postpaid")) },
        Event::AccountClosed { account: name("acme") },
        Event::MoneyToppedUp {
            account: name("acme"),
            amount: usd("50.00"),
            arrears: usd("0.88"),
            balance: usd("49.12"),
            reference: Some(name("bank-2026-11-20-0001")),
            transfer: name("trf_01m0abw8g0tfj"),
        },
        Event::PaymentPending(payment("", "")),
        Event::PaymentActionNeeded(payment("", "https://pay.example.com/3ds/1")),
        Event::PaymentHeld(payment("600.00 where a person looks at more than 500.00", "")),
        Event::PaymentFailed(payment("the card was declined", "")),
        Event::PaymentDisputed(payment("the customer complained", "")),
        Event::PaymentDisputeEnded(payment("won", "")),
        Event::DebitAnnounced(DebitTold {
            account: name("acme"),
            payment: name("pay_01m0abw8g0ksx01tfeknmcatch"),
            amount: usd("59.50"),
            on: name("2026-12-04"),
            paid_with: name("bank account 3000"),
            mandate: name("FA-K7F3M2Q9XD"),
            creditor: name("DE98ZZZ09999999999"),
        }),
        Event::BankMoneyUnknown {
            row: name("br_01m0abw8g0ksx01tfeknmcatch"),
            amount: usd("120.00"),
            name: name("Erika Mustermann"),
            why: name("no reference, and nobody paid from this bank account before"),
        },
        Event::RefundRequested(refund("")),
        Event::RefundRefused(refund("the trial's terms say so")),
        Event::RefundSent(refund("")),
        Event::RefundFailed(refund("the card's account is closed")),
        Event::MethodAdded(method.clone()),
        Event::MethodRemoved(method.clone()),
        Event::MethodExpiring(method),
        Event::BillIssued(bill("2026-000042", "")),
        Event::BillPaid(BillTold { owed: usd("0.00"), ..bill("2026-000042", "") }),
        Event::BillDue(bill("2026-000042", "")),
        Event::BillVoided(BillTold { owed: usd("0.00"), ..bill("2026-000042", "") }),
        Event::BillWrittenOff(bill("2026-000042", "")),
        Event::BillDisputed(dispute("open", "0.00", "")),
        Event::BillDisputeEnded(dispute("granted", "11.90", "the meter was read twice")),
        Event::InvoiceRequested(invoice("")),
        Event::InvoiceLate(invoice("")),
        Event::InvoiceIssued(BillTold { owed: usd("0.00"), tax: usd("0.00"), due: None, ..bill("I-2026-000042", "") }),
        Event::InvoiceRefused(invoice("the tax number is wrong")),
        Event::ReceiptIssued(BillTold { owed: usd("0.00"), ..bill("R-2026-000040", "2026-000042") }),
        Event::CreditNoteIssued(BillTold { owed: usd("0.00"), ..bill("C-2026-000003", "2026-000042") }),
        Event::StatementIssued(BillTold { owed: usd("0.00"), ..bill("S-2026-000042", "") }),
        Event::OrderPlaced(order(Some(later), "")),
        Event::OrderPaid(order(Some(later), "")),
        Event::OrderActive(order(None, "")),
        Event::OrderExpired(order(None, "nobody paid it in time")),
        Event::OrderVoided(order(None, "no such machine is free")),
        Event::TermChanged(term("0.00", "")),
        Event::TermRenewed(term("0.00", "")),
        Event::TermRenewalFailed(term("0.00", "89.00 is needed, and 12.50 of the balance can pay it")),
        Event::TermExpired(term("0.00", "")),
        Event::TermConverted(term("0.00", "")),
        Event::TermEnded(term("44.50", "")),
        Event::RefillSwitchedOff { account: name("acme"), failures: 3, why: name("the card was declined") },
        Event::ChargeWaived {
            account: name("acme"),
            product: name("gpu"),
            amount: usd("2.50"),
            reason: name("a slow disk"),
        },
        Event::OutageVoided(outage("1.26")),
        Event::OutageWithdrawn(outage("0.42")),
        Event::WalletLow { account: name("acme"), threshold: usd("5.00"), left: usd("4.98") },
        Event::BalanceLow { account: name("acme"), threshold: usd("10.00"), left: usd("9.98") },
        Event::RunwayShort {
            account: name("acme"),
            days: 7,
            left: usd("9.98"),
            burn_per_hour: usd("0.0617"),
            runs_out: Some(later),
        },
        Event::MonthCostPassed {
            account: name("acme"),
            month: name("2026-11"),
            limit: usd("500.00"),
            cost: usd("500.01"),
        },
        Event::BudgetReached(budget(Does::Block)),
        Event::BudgetStopped(budget(Does::Stop)),
        Event::BudgetLifted(budget(Does::Stop)),
        Event::CreditGranted {
            account: name("acme"),
            grant: name("welcome"),
            amount: usd("10.00"),
            products: vec![name("gpu")],
            starts: at,
            expires: Some(later),
        },
        Event::CreditExpiring {
            account: name("acme"),
            grant: name("welcome"),
            amount: usd("3.20"),
            products: vec![name("gpu")],
            expires: later,
        },
        Event::CreditLapsed { account: name("acme"), grant: name("welcome"), amount: usd("3.20"), expired_at: at },
        Event::UnitsAdded {
            account: name("acme"),
            units: Quantity::from_millionths(100_000_000),
            unit: name("gpu-units"),
            name: name("100 gpu-units"),
            price: usd("90.00"),
            expires: Some(later),
        },
        Event::UnitsUsedUp { account: name("acme"), unit: name("gpu-units"), since: at },
        Event::UnitsLapsed {
            account: name("acme"),
            units: Quantity::from_millionths(12_500_000),
            unit: name("gpu-units"),
            name: name("100 gpu-units"),
            expired_at: at,
        },
        Event::TrialStarted { account: name("acme"), credit: usd("20.00"), ends: later },
        Event::TrialEnding { account: name("acme"), ends: later, left: usd("3.40"), charge: Some(usd("25.00")) },
        Event::TrialEnded {
            account: name("acme"),
            ended: at,
            why: name("over"),
            becomes: name("run_out"),
            charge: None,
            destroy_at: Some(later),
            currency,
        },
        Event::StepAnnounced(StepTold {
            at: later,
            ahead: Some(Duration::from_seconds(259_200)),
            ..step(Rung::Delete)
        }),
        Event::StepHeld { account: name("acme"), rung: Rung::Delete, since: at, why: name(Guard::Payment.sentence()) },
        Event::AccountSuspended(step(Rung::Suspend)),
        Event::AccountResumed(StepTold {
            owed: usd("0.00"),
            balance: usd("25.00"),
            stays: vec![name("vm-9")],
            ..step(Rung::Suspend)
        }),
        Event::AccountThingsDeleted(StepTold { restorable_until: Some(later), ..step(Rung::Delete) }),
        Event::AccountThingsPurged(step(Rung::Purge)),
        Event::SpaceGrace(SpaceTold {
            deleted: Some(later),
            ahead: Some(Duration::from_seconds(2_592_000)),
            ..space("1500 GB")
        }),
        Event::SpaceInOrder(space("1024 GB")),
        Event::SpaceEmptied(SpaceTold { deleted: Some(later), ..space("0 GB") }),
        Event::InstructionAsked(instruction("")),
        Event::InstructionCancelled(instruction("the arrears are paid")),
        Event::InstructionOverdue(instruction("the cloud has not answered for 15 minutes")),
        Event::BrakeOn { since: at, why: name("6 accounts were suspended in 24 hours, and 5 are usual") },
        Event::AuthorisationExpired {
            account: name("acme"),
            authorisation: name("hold_01m0abw8g0ksx01tfeknmcatch"),
            amount: usd("5.00"),
            captured: usd("1.25"),
            expired_at: at,
        },
        Event::ResourceMissing {
            resource: name("vm-7"),
            account: name("acme"),
            product: name("gpu"),
            last_seen_at: at,
        },
        Event::ResourceFound { resource: name("vm-7"), account: name("acme"), product: name("gpu"), seen_at: at },
        Event::ProjectOpened { project: name("web"), account: name("acme") },
        Event::ProjectMoved { project: name("web"), from: name("acme"), to: name("beta") },
        Event::PolicyApplied {
            version: 7,
            starts: at,
            corrects: None,
            who: name("anna"),
            why: name("GPU hours are cheaper"),
        },
        Event::ExportReady {
            account: name("acme"),
            export: "exp_01m0abw8g0tfjbn245fasf0w43".to_owned(),
            what: "charges".to_owned(),
            format: "csv".to_owned(),
            rows: 1_204,
            bytes: 262_144,
            expires: at,
        },
        Event::PersonInvited { person: someone(), account: name("acme"), project: name("web"), role: Role::Finance },
        Event::PersonPasswordAsked { person: someone() },
        Event::PersonSecurityChanged { person: someone(), what: SecurityChange::SecondFactorOn },
        Event::EndpointTest { endpoint: super::EndpointId::from_parts(1_795_000_000_000, [7; 10]) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_type_says_what_the_catalogue_says() {
        let samples = samples();
        let kinds: Vec<EventType> = samples.iter().map(Event::kind).collect();
        assert_eq!(kinds, EventType::ALL, "a sample of each, in order");
        for event in samples {
            let kind = event.kind();
            let data = event.data();
            let carried: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
            let said: BTreeSet<&str> = kind.fields().iter().map(|(name, _)| *name).collect();
            assert_eq!(carried, said, "{}", kind.name());
            assert_eq!(EventType::parse(kind.name()), Some(kind));
            assert_eq!(kind.may_be_replayed(), kind != EventType::InstructionAsked, "{}", kind.name());
        }
    }

    #[test]
    fn a_body_is_the_same_whenever_it_is_made() {
        let samples = samples();
        let event = samples.iter().find(|event| event.kind() == EventType::MoneyToppedUp).unwrap();
        let data = event.data().to_string();
        let body = || Event::body("msg_1", event.kind().name(), Instant::EPOCH, "one", &data);
        assert_eq!(body(), body());
        let read: Value = serde_json::from_str(&body()).unwrap();
        assert_eq!(read["data"]["amount"], "50.00");
        assert_eq!(read["type"], "money.topped_up");
    }

    #[test]
    fn a_filter_names_types_and_groups_that_there_are() {
        let filter = |names: &[&str]| Filter::parse(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert!(filter(&[]).unwrap().hears(EventType::PolicyApplied));
        let some = filter(&["account.*", "money.topped_up"]).unwrap();
        assert_eq!(Filter::from_text(&some.to_text()), some);
        assert!(some.hears(EventType::AccountParked) && some.hears(EventType::MoneyToppedUp));
        assert!(!some.hears(EventType::CreditGranted));
        assert_eq!(filter(&["money.topped"]), Err(FilterError("money.topped".to_owned())));
        assert_eq!(filter(&["acc.*"]), Err(FilterError("acc.*".to_owned())));
    }
}
