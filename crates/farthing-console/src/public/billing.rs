//! "How billing works here": the cloud's policy in plain sentences, from the same file that the engine goes by (R94). A rule that is not in force is
//! not mentioned; nothing here is written by hand for one cloud.

use super::open::Open;
use crate::block::{Block, Section};
use crate::frame::PageError;
use crate::web::sight::Page;
use crate::words::Language;
use farthing_core::config::{Cadence, Deadline};
use farthing_core::money::Money;
use farthing_core::policy::{AtExpiry, BillOn, Measure, Pay, Policy, PricesAre, TaxRates, TermRefund};
use farthing_core::time::Duration;

#[expect(clippy::unnecessary_wraps, reason = "every page may fail; this one reads nothing")]
pub(super) fn page(open: &Open) -> Result<Page, PageError> {
    let told = Told { policy: &open.cloud.profile.policy, language: open.language };
    let sections = told.chapters().into_iter().filter(|(_, lines)| !lines.is_empty());
    let sections = sections.map(|(title, lines)| Section::new(open.say(title), vec![Block::List(lines)])).collect();
    let sentence = open.with("billing.sentence", &[("cloud", &open.cloud.name)]);
    Ok(Open::page(open.say("foot.billing"), sentence, sections))
}

/// A policy, for readers of one language.
pub(crate) struct Told<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) language: Language,
}

impl Told<'_> {
    pub(crate) fn chapters(&self) -> Vec<(&'static str, Vec<String>)> {
        vec![
            ("billing.use", self.used()),
            ("billing.money_in", self.money_in()),
            ("billing.low", self.low()),
            ("billing.bills", self.bills()),
            ("billing.ahead", self.ahead()),
            ("billing.back", self.back()),
        ]
    }

    fn say(&self, key: &'static str) -> String {
        self.language.say(key).to_owned()
    }

    fn with(&self, key: &'static str, places: &[(&str, &str)]) -> String {
        self.language.with(key, places)
    }

    fn money(&self, money: Money) -> String {
        money.format(self.language.locale())
    }

    fn length(&self, duration: Duration) -> String {
        self.language.length(duration.seconds())
    }

    fn deadline(&self, deadline: &Deadline) -> String {
        match deadline {
            Deadline::Span(span) => span_words(&span.to_string(), self.language),
            Deadline::Working(days) => {
                let number: i64 = days.to_string().trim_end_matches("wd").parse().unwrap_or(0);
                self.language.count("length.working_days", number)
            }
        }
    }

    fn used(&self) -> Vec<String> {
        let (policy, settle) = (self.policy, &self.policy.settle);
        let mut lines = vec![self.say("billing.seconds")];
        let pay = match settle.pay {
            Pay::Prepaid => "balance",
            Pay::Postpaid => "bill",
        };
        lines.push(match (&settle.every, pay) {
            (Cadence::Every(every), "balance") => self.with("billing.every", &[("length", &self.length(*every))]),
            (Cadence::Day, "balance") => self.say("billing.daily"),
            (Cadence::Cycle, "balance") => self.say("billing.by_cycle"),
            _ => self.say("billing.postpaid"),
        });
        if settle.on_stop && settle.pay == Pay::Prepaid {
            lines.push(self.say("billing.on_stop"));
        }
        if settle.measure == Measure::Balance {
            lines.push(self.say("billing.measure_balance"));
        }
        if policy.credit.spend_before_cash {
            lines.push(self.say("billing.credit_first"));
        }
        let late = self.length(settle.late_window);
        lines.push(self.with("billing.late_facts", &[("length", &late)]));
        if let Some(after) = policy.monitor.missing_after {
            lines.push(self.with("billing.missing", &[("length", &self.length(after))]));
        }
        if policy.monitor.void_outages {
            lines.push(self.say("billing.outages"));
        }
        if let Some(within) = policy.monitor.provision_within {
            lines.push(self.with("billing.provision", &[("length", &self.length(within))]));
        }
        lines
    }

    fn money_in(&self) -> Vec<String> {
        let (policy, top_up) = (self.policy, &self.policy.top_up);
        let mut lines = Vec::new();
        let channels: Vec<String> =
            top_up.channels.iter().map(|channel| self.language.word("channel", channel.word())).collect();
        if !channels.is_empty() {
            lines.push(self.with("billing.channels", &[("list", &self.language.list(&channels))]));
        }
        match (top_up.min, top_up.max) {
            (Some(min), Some(max)) => {
                lines.push(self.with("billing.bounds", &[("min", &self.money(min)), ("max", &self.money(max))]));
            }
            (Some(min), None) => lines.push(self.with("billing.min", &[("min", &self.money(min))])),
            (None, Some(max)) => lines.push(self.with("billing.max", &[("max", &self.money(max))])),
            (None, None) => {}
        }
        if let Some(above) = top_up.bank_transfer_above {
            lines.push(self.with("billing.transfer_above", &[("amount", &self.money(above))]));
        }
        for bonus in &top_up.bonus {
            let places = [("amount", self.money(bonus.from)), ("percent", bonus.percent.to_string())];
            lines.push(self.with("billing.bonus", &places.each_ref().map(|(name, text)| (*name, text.as_str()))));
        }
        lines.push(self.say("billing.debt_first"));
        if let Some(refill) = &policy.auto_refill {
            let places = [("threshold", self.money(refill.threshold)), ("amount", self.money(refill.amount))];
            lines.push(self.with("billing.refill", &places.each_ref().map(|(name, text)| (*name, text.as_str()))));
            lines.push(self.say(if refill.default { "billing.refill_on" } else { "billing.refill_off" }));
            if let Some(most) = refill.monthly_max {
                lines.push(self.with("billing.refill_most", &[("amount", &self.money(most))]));
            }
        }
        lines
    }

    fn low(&self) -> Vec<String> {
        let policy = self.policy;
        let mut lines = Vec::new();
        if let Some(min) = policy.start.min_balance {
            lines.push(self.with("billing.start", &[("amount", &self.money(min))]));
        }
        if let Some(low) = policy.alerts.low_balance {
            lines.push(self.with("billing.alert", &[("amount", &self.money(low))]));
        }
        if let Some(days) = policy.alerts.runway_days {
            let days = self.language.count("length.days", i64::from(days.0));
            lines.push(self.with("billing.runway", &[("length", &days)]));
        }
        if policy.zero.block_new_only {
            lines.push(self.say("billing.new_only"));
        }
        if let Some(floor) = policy.zero.floor {
            lines.push(self.with("billing.floor", &[("amount", &self.money(floor))]));
        }
        let steps = [
            ("billing.suspend", "billing.suspend_at_once", &policy.ladder.suspend),
            ("billing.delete", "billing.delete", &policy.ladder.delete),
            ("billing.purge", "billing.purge", &policy.ladder.purge),
        ];
        for (key, at_once, step) in steps {
            let Some(step) = step else { continue };
            let after = step.after.unwrap_or(Duration::ZERO);
            let line = if after.is_zero() {
                self.language.find(at_once).unwrap_or_default().replace("{length}", &self.length(after))
            } else {
                self.language.find(key).unwrap_or_default().replace("{length}", &self.length(after))
            };
            let notices: Vec<String> = step.notices.iter().map(|ahead| self.length(*ahead)).collect();
            lines.push(if notices.is_empty() {
                line
            } else {
                let told = self.with("billing.notices", &[("list", &self.language.list(&notices))]);
                self.language.sentences(&[line, told])
            });
        }
        if policy.ladder.suspend.is_some() {
            lines.push(self.say(if policy.resume.auto { "billing.resume" } else { "billing.resume_by_hand" }));
        }
        if let Some(off) = policy.ladder.release_when_off {
            lines.push(self.with("billing.release", &[("length", &self.length(off))]));
        }
        if let Some(space) = &policy.space {
            lines.push(self.with("billing.space", &[("length", &self.length(space.grace))]));
        }
        lines
    }

    fn bills(&self) -> Vec<String> {
        let (policy, bill) = (self.policy, &self.policy.bill);
        let mut lines = Vec::new();
        for on in &bill.on {
            match on {
                BillOn::TopUp => lines.push(self.say("billing.on_top_up")),
                BillOn::Order => {
                    lines.push(self.with("billing.on_order", &[("length", &self.length(bill.order_valid))]));
                }
                BillOn::Cycle => {
                    let cycle = span_words(&bill.cycle.to_string(), self.language);
                    lines.push(self.with("billing.on_cycle", &[("length", &cycle)]));
                    lines.push(self.with("billing.due", &[("length", &self.deadline(&bill.due))]));
                }
                BillOn::Request => {
                    lines.push(self.say("billing.on_request"));
                    if let Some(sla) = &bill.request_sla {
                        lines.push(self.with("billing.request_sla", &[("length", &self.deadline(sla))]));
                    }
                }
                BillOn::Threshold => {}
            }
        }
        if let Some(below) = bill.roll_below {
            lines.push(self.with("billing.roll", &[("amount", &self.money(below))]));
        }
        if let Some(window) = &bill.dispute_window {
            lines.push(self.with("billing.dispute", &[("length", &self.deadline(window))]));
        }
        match &bill.late_fee {
            Some(fee) => {
                let places = [("percent", fee.daily_percent.to_string()), ("cap", fee.cap_percent.to_string())];
                lines
                    .push(self.with("billing.late_fee", &places.each_ref().map(|(name, text)| (*name, text.as_str()))));
            }
            None if bill.on.contains(&BillOn::Cycle) => lines.push(self.say("billing.no_late_fee")),
            None => {}
        }
        if policy.collect.auto {
            lines.push(self.say("billing.collect"));
        }
        lines.push(match (policy.tax.rates, policy.tax.prices) {
            (TaxRates::Absent, _) => self.say("billing.no_tax"),
            (_, PricesAre::Net) => self.say("billing.tax_net"),
            (_, PricesAre::Gross) => self.say("billing.tax_gross"),
        });
        if policy.tax.reverse_charge {
            lines.push(self.say("billing.reverse"));
        }
        lines
    }

    fn ahead(&self) -> Vec<String> {
        let policy = self.policy;
        let mut lines = Vec::new();
        if let Some(trial) = &policy.trial {
            let places = [("amount", self.money(trial.credit)), ("length", self.length(trial.lasts))];
            lines.push(self.with("billing.trial", &places.each_ref().map(|(name, text)| (*name, text.as_str()))));
            if let Some(most) = trial.max_running {
                lines.push(self.with("billing.trial_most", &[("count", &most.0.to_string())]));
            }
            if trial.once_per_customer {
                lines.push(self.say("billing.trial_once"));
            }
        }
        let renewal = &policy.renewal;
        if !renewal.attempts_from.is_zero() {
            lines.push(self.with("billing.renew_from", &[("length", &self.length(renewal.attempts_from))]));
        }
        lines.push(match renewal.at_expiry {
            AtExpiry::Renew => self.say("billing.at_expiry_renew"),
            AtExpiry::Stop => self.say("billing.at_expiry_stop"),
            AtExpiry::Convert => self.say("billing.at_expiry_convert"),
        });
        if !renewal.attempts_until.is_zero() {
            lines.push(self.with("billing.renew_until", &[("length", &self.length(renewal.attempts_until))]));
        }
        lines
    }

    fn back(&self) -> Vec<String> {
        let refund = &self.policy.refund;
        let mut lines = vec![self.say(if refund.unconsumed_cash { "billing.refund" } else { "billing.no_refund" })];
        lines.push(self.say(match refund.term {
            TermRefund::Nothing => "billing.term_nothing",
            TermRefund::UnusedTime => "billing.term_unused",
        }));
        if let Some(fee) = refund.fee {
            lines.push(self.with("billing.term_fee", &[("amount", &self.money(fee))]));
        }
        if !self.policy.credit.refundable {
            lines.push(self.say("billing.gifts"));
        }
        lines
    }
}

/// `1 month`, `24h`, `30d` in words.
fn span_words(text: &str, language: Language) -> String {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let unit = text.get(digits.len()..).unwrap_or_default().trim();
    let number: i64 = if digits.is_empty() { 1 } else { digits.parse().unwrap_or(0) };
    let key = match unit {
        "d" | "day" | "days" => "length.days",
        "h" => "length.hours",
        "m" | "min" => "length.minutes",
        "mo" | "month" | "months" => "length.months",
        "w" | "week" | "weeks" => "length.weeks",
        "y" | "year" | "years" => "length.years",
        _ => return text.to_owned(),
    };
    language.count(key, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_words() {
        let told = |text: &str| span_words(text, Language::En);
        assert_eq!(
            [told("24h"), told("1mo"), told("month"), told("30d")],
            ["24 hours", "1 month", "1 month", "30 days"]
        );
        assert_eq!(span_words("1mo", Language::Zh), "1 个月");
    }
}
