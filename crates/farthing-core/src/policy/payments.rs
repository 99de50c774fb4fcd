//! Money in and money out.

use super::bank_csv::BankCsv;
use super::identity::Country;
use crate::config::{Count, Item, Node, Reader, Text, Value, Whole, choice, section};
use crate::money::Money;
use crate::rate::Percent;
use crate::time::{Duration, Span};

section! {
    /// `[top_up]`; amounts are net and bounds inclusive. The bounds are for what customers pay online by themselves.
    TopUp {
        /// The least at a time (R32)
        min: Option<Money> = "none" @ Payments,
        /// The most at a time; a bank transfer may be more (R32, R58)
        max: Option<Money> = "none" @ Payments,
        /// How money can come (R51, R59)
        channels: Vec<Channel> = "[]" @ Payments,
        /// Above this a bank transfer is required (R52, R58)
        bank_transfer_above: Option<Money> = "none" @ Payments,
        /// Credit on top of large sums (R32)
        bonus: Vec<Bonus> = "[]" @ Payments,
        /// A QR code can be scanned for so long (R59)
        qr_valid: Duration = "15m" @ BankTransfers,
    }
}

section! {
    /// A gift on top of a large top-up.
    Bonus {
        /// From this amount on
        from: Money = required @ Payments,
        /// This part of it, as credit
        percent: Percent = required @ Payments,
    }
}

choice! {
    /// How money comes.
    Channel: "a channel" {
        Card = "card",
        SepaDebit = "sepa_debit",
        BankTransfer = "bank_transfer",
        Alipay = "alipay",
        WechatPay = "wechat_pay",
        Paypal = "paypal",
    }
}

section! {
    /// `[auto_refill]` (R34)
    AutoRefill {
        /// Whether it is on for a new account; it does nothing without a stored method and consent
        default: bool = "false" @ Payments,
        /// It tops up when less than this can be spent
        threshold: Money = required @ Payments,
        /// By how much
        amount: Money = required @ Payments,
        /// Not again for so long
        cooldown: Duration = "1h" @ Payments,
        /// No more than this a month
        monthly_max: Option<Money> = "none" @ Payments,
        /// It switches itself off after so many failures in a row
        off_after_failures: Count = "3" @ Payments,
        /// Suspension waits for a payment under way, at most so long
        refill_wait: Duration = "10m" @ Standing,
    }
}

section! {
    /// `[collect]`
    Collect {
        /// Bills are charged to the default method when they are issued, unless the account switches it off (R15)
        auto: bool = "false" @ Payments,
        /// The first payment is the consent for later ones and makes its method the default (R15)
        first_payment_authorises: bool = "false" @ Payments,
        /// A failed method falls back to the next one (R54)
        backup: bool = "true" @ Payments,
        /// When a collection that failed by every method is tried again, each counted from the first failure (R54)
        retries: Vec<Duration> = "[]" @ Payments,
    }
}

section! {
    /// `[sepa]` (R40)
    Sepa {
        /// "sepa", or a list of countries
        countries: Countries = "sepa" @ BankTransfers,
        /// Only for accounts that spend at least this an hour
        min_hourly_spend: Option<Money> = "none" @ BankTransfers,
        /// Only for accounts at least so old
        min_account_age: Option<Span> = "none" @ BankTransfers,
        /// How long before a debit it is announced
        pre_notification: Duration = "14d" @ BankTransfers,
    }
}

section! {
    /// `[bank]`: the cloud's own account at its bank (R40, R52, R58)
    Bank {
        /// Its IBAN; where there is none, its number
        account: Text = required @ BankTransfers,
        /// Of the bank
        bic: Option<Text> = "none" @ BankTransfers,
        /// Whose it is; the brand's legal name where nothing is said
        holder: Option<Text> = "none" @ BankTransfers,
        /// The creditor identifier that direct debits name
        creditor_id: Option<Text> = "none" @ BankTransfers,
        /// How what a provider pays out is told from what customers pay in
        payouts: Vec<Payouts> = "[]" @ BankTransfers,
        /// How it writes its CSV exports; other formats say of themselves what is what
        csv: Option<BankCsv> = "none" @ BankTransfers,
    }
}

section! {
    /// Which movements are a provider's.
    Payouts {
        /// As in the ledger, such as "stripe"
        provider: Text = required @ BankTransfers,
        /// What stands in the name of who sends it, or in its text
        says: Text = required @ BankTransfers,
    }
}

/// Where direct debits can be drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    Sepa,
    These(Vec<Country>),
}

impl Value for Countries {
    const KIND: Whole = Whole { one: "\"sepa\" or a list of countries", example: "\"sepa\"" };

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<Countries> {
        match &item.node {
            Node::Text(text) if text == "sepa" => Some(Countries::Sepa),
            Node::List(_) => Vec::read(item, reader).map(Countries::These),
            _ => reader.not_a::<Countries>(item, None),
        }
    }

    fn print(&self) -> String {
        match self {
            Countries::Sepa => "\"sepa\"".to_owned(),
            Countries::These(countries) => countries.print(),
        }
    }
}

section! {
    /// `[refund]` (R19, R61, R87, R98)
    Refund {
        /// Cash that was not consumed can be paid back; gifts never are
        unconsumed_cash: bool = "false" @ Payments,
        /// Who says yes
        approval: Approval = "operator" @ Payments,
        /// Where it goes
        to: RefundTo = "original_channel" @ Payments,
        /// What an early end of a term gives back
        term: TermRefund = "nothing" @ Orders,
        /// What an early end costs
        fee: Option<Money> = "none" @ Orders,
    }
}

choice! {
    /// Who approves a refund.
    Approval: "a way to approve" {
        Operator = "operator",
        Automatic = "automatic",
    }
}

choice! {
    /// Where a refund goes.
    RefundTo: "a place for refunds" {
        OriginalChannel = "original_channel",
        Balance = "balance",
    }
}

choice! {
    /// What ending a term early gives back.
    TermRefund: "a refund of terms" {
        Nothing = "nothing",
        UnusedTime = "unused_time",
    }
}

section! {
    /// `[risk]` (R37, R54)
    Risk {
        /// More top-ups a day are refused
        top_ups_per_day: Option<Count> = "none" @ Payments,
        /// More by one card a day are refused, whichever accounts they are for
        top_ups_per_card_per_day: Option<Count> = "none" @ Payments,
        /// More than this in a day is refused
        amount_per_day: Option<Money> = "none" @ Payments,
        /// After more failures within an hour nothing more is tried
        failures_per_hour: Option<Count> = "none" @ Payments,
        /// More cards on one account are refused
        cards_per_account: Option<Count> = "none" @ Payments,
        /// A top-up above this is held until a person has looked
        hold_for_review_above: Option<Money> = "none" @ Payments,
    }
}

choice! {
    /// What kind of card it is.
    Funding: "a kind of card" {
        Credit = "credit",
        Debit = "debit",
        Prepaid = "prepaid",
    }
}
