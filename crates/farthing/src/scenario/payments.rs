//! Scenarios' words about payments, said to the engine: who they are by name, and what is set of an account.

use super::command::{BillDeed, Billing, Paying, Provider, Setting, TopUp};
use super::engine::{EngineStage, broken, later_setting, told};
use super::limits::LimitsSet;
use super::stage::{Answer, Bill, BillPart, Done, StageError};
use crate::paper::{self, Format, NotMade};
use farthing_core::alert::Wish;
use farthing_core::bank::Scheme;
use farthing_core::bill::DisputeState;
use farthing_core::money::{Currency, Money};
use farthing_core::payment::sandbox::{Deed, Mood};
use farthing_core::payment::{BillDisputeId, BillId, InvoiceRequestId, PaymentId, RefundId, RefundState, State};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use farthing_engine::{
    AlertChange, BillFacts, BillLineFacts, CompanyChange, Contact, Decision, InvoiceDecision, NewBillDispute,
    NewInvoiceRequest, NewMandate, NewMethod, NewPayIn, NewRefund, PayBy, RefillChange, Waiver,
};
use farthing_store::BillKind;
use std::collections::BTreeMap;

/// What the story calls its payments and refunds.
#[derive(Debug, Default)]
pub(super) struct Payments {
    begun: BTreeMap<String, PaymentId>,
    refunds: BTreeMap<String, RefundId>,
    invoices: BTreeMap<String, InvoiceRequestId>,
}

impl Payments {
    pub(super) fn knows(&self, name: &str) -> bool {
        self.begun.contains_key(name) || self.refunds.contains_key(name)
    }
}

impl EngineStage {
    pub(super) fn pay_in(&mut self, top_up: &TopUp, method: &str) -> Done {
        let wanted = NewPayIn {
            account: top_up.account.clone(),
            amount: top_up.amount,
            // A channel by its name alone is a page, or a code to scan.
            by: Channel::parse(method).map_or_else(|| PayBy::Token(method.to_owned()), PayBy::Page),
            keep: false,
            reference: None,
            back: String::new(),
        };
        let paid = self.engine().pay_in(&self.cloud, &wanted).map_err(told)?;
        if let (Some(name), Some(id)) = (&top_up.name, paid.payment_id()) {
            self.payments.begun.insert(name.clone(), id);
        }
        self.done(Ok(()))
    }

    pub(super) fn payment_state(&self, name: &str) -> Result<String, StageError> {
        if let Some(id) = self.payments.refunds.get(name) {
            return Ok(self.engine().refund_facts(&self.cloud, *id).map_err(told)?.state);
        }
        let id = self.payment_of(name, None)?;
        Ok(self.engine().payment(&self.cloud, id).map_err(told)?.state)
    }

    /// A payment by its name, or an account's newest.
    pub(super) fn payment_of(&self, name: &str, state: Option<State>) -> Result<PaymentId, StageError> {
        if let Some(id) = self.payments.begun.get(name) {
            return Ok(*id);
        }
        let newest = self.engine().payments(&self.cloud, Some(name), state, None, 1).map_err(told)?;
        newest.first().and_then(farthing_engine::PaymentFacts::payment_id).ok_or_else(|| nothing(name))
    }

    pub(super) fn paying(&mut self, asked: &Paying, at: Instant) -> Done {
        let _ = at;
        match asked {
            Paying::Refund { account, amount, name } => {
                let wanted = NewRefund {
                    account: account.clone(),
                    amount: Some(*amount),
                    reason: "the story says so".to_owned(),
                    reference: None,
                    by_operator: false,
                };
                let facts = self.engine().refund(&self.cloud, &wanted).map_err(told)?;
                if let (Some(name), Ok(id)) = (name, RefundId::parse(&facts.id)) {
                    self.payments.refunds.insert(name.clone(), id);
                }
                self.done(Ok(()))
            }
            Paying::Bank(banking) => self.banking(banking, at),
            Paying::MethodAdd { account, method, default } if method.starts_with("iban:") => {
                let mandate = NewMandate {
                    account: account.clone(),
                    holder: format!("{account} in person"),
                    iban: method.trim_start_matches("iban:").to_owned(),
                    bic: String::new(),
                    words: "the story says so".to_owned(),
                    scheme: Scheme::Core,
                    default: *default,
                };
                let added = self.engine().add_mandate(&self.cloud, &mandate);
                self.done(added.map(drop))
            }
            Paying::MethodAdd { account, method, default } => {
                let channel = farthing_core::payment::sandbox::method_facts(method, at);
                let channel = channel.map_or(Channel::Card, |facts| facts.channel);
                let wanted = NewMethod {
                    account: account.clone(),
                    channel,
                    token: Some(method.clone()),
                    mandate: Some("the story says so".to_owned()),
                    default: *default,
                    back: String::new(),
                };
                let added = self.engine().add_method(&self.cloud, &wanted);
                self.done(added.map(drop))
            }
            Paying::MethodRemove { account, method } => {
                let rows = self.engine().store().read("methods", |tx| {
                    let payer = tx.payer_by_name(&self.cloud, account)?;
                    match payer {
                        Some(payer) => tx.methods_of(payer.id),
                        None => Ok(Vec::new()),
                    }
                });
                let ready = farthing_core::payment::MethodStanding::Ready;
                let mut rows = rows.map_err(broken)?.into_iter();
                let found = rows.find(|row| row.facts.token == *method && row.standing == ready);
                let found =
                    found.ok_or_else(|| StageError::refused("not_found", format!("{account} has no {method}")))?;
                let removed = self.engine().remove_method(&self.cloud, account, found.id);
                self.done(removed.map(drop))
            }
            Paying::Chargeback { name, amount, won } => {
                let id = self.payment_of(name, Some(State::Succeeded))?;
                let deed = match won {
                    None => Deed::Dispute,
                    Some(true) => Deed::WinDispute,
                    Some(false) => Deed::LoseDispute,
                };
                let done = self.engine().sandbox_do_part(&self.cloud, id, deed, *amount);
                self.done(done.map(drop))
            }
            Paying::Scan { name, paid } => {
                let id = self.payment_of(name, Some(State::ActionNeeded))?;
                let done = self.engine().sandbox_scan(&self.cloud, id, *paid);
                self.done(done.map(drop))
            }
            Paying::Decide { name, approve, amount } => self.decide(name, *approve, *amount),
            Paying::Provider(provider) => {
                let mood = match provider {
                    Provider::Decline => Mood::Declines,
                    Provider::Timeout => Mood::TimesOut,
                    Provider::Recover => Mood::Well,
                    Provider::Silent => Mood::Silent,
                };
                let told = self.engine().sandbox_mood(&self.cloud, mood);
                self.done(told)
            }
            Paying::Waive { account, amount, product, reason } => {
                let waiver =
                    Waiver { product: product.clone(), amount: *amount, reason: reason.clone(), from: None, to: None };
                let waived = self.engine().waive_charge(&self.cloud, account, &waiver);
                self.done(waived.map(drop))
            }
            Paying::Fund { account, amount } => {
                let moved = self.engine().fund_wallet(&self.cloud, account, *amount, None);
                self.done(moved.map(drop))
            }
            Paying::Trial { account, method } => self.trial(account, method.as_deref()),
            Paying::Reserve { name, account, product, meters } => self.reserve(name, account, product, meters),
            Paying::Export(asked) => self.export(asked),
            Paying::Bill { account } => {
                let billed = self.engine().bill_now(&self.cloud, account);
                self.done(billed.map(drop))
            }
        }
    }

    /// A document by its number, or an account's newest of a kind: `latest acme`.
    fn bill_of(&self, which: &Bill) -> Result<BillFacts, StageError> {
        match which {
            Bill::Named(number) => self.engine().bill_by_number(&self.cloud, number).map_err(told),
            Bill::LatestOf(account) | Bill::StatementOf(account) | Bill::InvoiceOf(account) => {
                let kind = match which {
                    Bill::StatementOf(_) => BillKind::Statement,
                    Bill::InvoiceOf(_) => BillKind::Invoice,
                    Bill::LatestOf(_) | Bill::Named(_) => BillKind::Bill,
                };
                let newest =
                    self.engine().bills(&self.cloud, Some(account), Some(kind), None, None, 1).map_err(told)?;
                newest
                    .into_iter()
                    .next()
                    .ok_or_else(|| StageError::refused("not_found", format!("{account} has no {}", kind.word())))
            }
        }
    }

    pub(super) fn bill_part(&self, which: &Bill, part: BillPart) -> Result<Answer, StageError> {
        let bill = self.bill_of(which)?;
        let currency = Currency::parse(&bill.currency).map_err(broken)?;
        let money = |units| Answer::Money(Money::from_units(units, currency));
        Ok(match part {
            BillPart::Total => money(bill.total),
            BillPart::Tax => money(bill.tax),
            BillPart::Due => money(bill.due),
            BillPart::Status => Answer::Word(bill.state),
            BillPart::Lines => Answer::Lines(all_lines(&bill, currency)),
            BillPart::Document => Answer::Lines(self.downloads(&bill)?),
        })
    }

    pub(super) fn billing(&mut self, asked: &Billing) -> Done {
        let (bill, deed) = match asked {
            Billing::Bill { bill, deed } => (bill, deed),
            Billing::Invoice { account, name, charges, from, to } => {
                let wanted = NewInvoiceRequest {
                    account: account.clone(),
                    charges: charges.clone(),
                    from: *from,
                    to: *to,
                    ..NewInvoiceRequest::default()
                };
                let made = self.engine().request_invoice(&self.cloud, &wanted).map_err(told)?;
                self.payments.invoices.insert(name.clone(), InvoiceRequestId::parse(&made.id).map_err(broken)?);
                return Ok(());
            }
        };
        let id = BillId::parse(&self.bill_of(bill)?.id).map_err(broken)?;
        let why = "the story says so";
        let done = match deed {
            BillDeed::Dispute { amount, reason } => {
                let wanted = NewBillDispute { bill: id, amount: *amount, reason: reason.clone() };
                self.engine().dispute_bill(&self.cloud, &wanted).map(drop)
            }
            BillDeed::Credit { amount } => self.engine().credit_bill(&self.cloud, id, *amount, why).map(drop),
            BillDeed::Reissue => self.engine().reissue_bill(&self.cloud, id, why).map(drop),
            BillDeed::WriteOff => self.engine().write_off_bill(&self.cloud, id, why).map(drop),
        };
        self.done(done)
    }

    /// The files that its customer can have, and what one of them would lack.
    fn downloads(&self, bill: &BillFacts) -> Result<Vec<String>, StageError> {
        let id = BillId::parse(&bill.id).map_err(broken)?;
        let paper = self.engine().paper(&self.cloud, id).map_err(told)?;
        let each =
            [(Format::Pdf, "pdf"), (Format::Ubl, "ubl"), (Format::Cii, "cii")].map(|(format, word)| match paper::make(
                &paper, format,
            ) {
                Ok(made) => Ok(format!("{word}: {}", made.file_name)),
                Err(error @ NotMade::NoEInvoice(_)) => Ok(format!("no {word}: {error}")),
                Err(error) => Err(broken(error)),
            });
        each.into_iter().collect()
    }

    /// As people read it.
    pub(super) fn bill_lines(&self, which: &Bill) -> Result<Vec<String>, StageError> {
        let bill = self.bill_of(which)?;
        let currency = Currency::parse(&bill.currency).map_err(broken)?;
        let money = |units| Money::from_units(units, currency).plain();
        let mut lines = vec![format!("{} {} of {}, {}", bill.kind, bill.number, bill.account, bill.state)];
        lines.extend(all_lines(&bill, currency));
        lines.extend(
            bill.groups
                .iter()
                .map(|group| format!("{} {} of {}: {}", group.name, group.percent, money(group.net), money(group.tax))),
        );
        lines.push(format!("total {}, paid {}, due {}", money(bill.total), money(bill.paid), money(bill.due)));
        Ok(lines)
    }

    /// A payment or a refund by its name, or what of an account waits longest.
    fn decide(&mut self, name: &str, approve: bool, amount: Option<Money>) -> Done {
        if let Some(id) = self.payments.invoices.get(name).copied() {
            let decision = if approve { InvoiceDecision::Issue } else { InvoiceDecision::Refuse };
            let decided = self.engine().decide_invoice(&self.cloud, id, decision, "the story says so");
            return self.done(decided.map(drop));
        }
        let disputes = self.engine().bill_disputes(&self.cloud, (Some(name), None), Some(DisputeState::Open), None, 1);
        let open = disputes.ok().and_then(|mut disputes| disputes.pop());
        if let Some(id) = open.and_then(|dispute| BillDisputeId::parse(&dispute.id).ok()) {
            let decision = if approve { Decision::Grant(amount) } else { Decision::Refuse };
            let decided = self.engine().decide_bill_dispute(&self.cloud, id, &decision, "the story says so");
            return self.done(decided.map(drop));
        }

        if let Some(id) = self.payments.refunds.get(name).copied() {
            let decided = self.engine().decide_refund(&self.cloud, id, approve, "the story says so");
            return self.done(decided.map(drop));
        }
        if let Some(id) = self.payments.begun.get(name).copied() {
            let decided = self.engine().decide_payment(&self.cloud, id, approve, "the story says so");
            return self.done(decided.map(drop));
        }
        let refunds =
            self.engine().refunds(&self.cloud, Some(name), Some(RefundState::Asked), None, 100).map_err(told)?;
        if let Some(id) = refunds.last().and_then(|refund| RefundId::parse(&refund.id).ok()) {
            let decided = self.engine().decide_refund(&self.cloud, id, approve, "the story says so");
            return self.done(decided.map(drop));
        }
        let payments = self.engine().payments(&self.cloud, Some(name), Some(State::Review), None, 100).map_err(told)?;
        let waiting = payments.last().and_then(farthing_engine::PaymentFacts::payment_id);
        let id = waiting.ok_or_else(|| nothing(name))?;
        let decided = self.engine().decide_payment(&self.cloud, id, approve, "the story says so");
        self.done(decided.map(drop))
    }

    pub(super) fn set_all(&mut self, account: &str, settings: &[Setting]) -> Done {
        let (mut company, mut refill) = (CompanyChange::default(), RefillChange::default());
        let (mut describes, mut refills, mut writes) = (false, false, false);
        let known = self.engine().account_facts(&self.cloud, account).map_err(told)?.contact;
        let mut contact: Contact = known.unwrap_or_default();
        let mut pay = None;
        let (mut limits, mut limited) = (LimitsSet::default(), false);
        let (mut alerts, mut warned) = (AlertChange::default(), false);
        let wish = |own: Option<i64>| Some(own.map_or(Wish::Off, Wish::At));
        for setting in settings {
            match setting {
                Setting::Country(country) => (company.country, describes) = (Some(country.clone()), true),
                Setting::Region(region) => (company.region, describes) = (Some(region.clone()), true),
                Setting::Company(name) => (company.name, describes) = (Some(name.clone()), true),
                Setting::TaxNumber(number) => {
                    (company.tax_number, describes) = (Some(number.clone().unwrap_or_default()), true);
                }
                Setting::AutomaticDeduction(on) => (company.collect, describes) = (Some(*on), true),
                Setting::Language(language) => {
                    language.language().clone_into(&mut contact.language);
                    writes = true;
                }
                Setting::Email(email) => {
                    email.clone_into(&mut contact.email);
                    writes = true;
                }
                Setting::AutoRefill(on) => (refill.on, refills) = (Some(*on), true),
                Setting::AutoRefillThreshold(amount) => (refill.threshold, refills) = (Some(*amount), true),
                Setting::AutoRefillAmount(amount) => (refill.amount, refills) = (Some(*amount), true),
                Setting::AutoRefillMonthlyMax(amount) => {
                    let currency = self.engine().refundable(&self.cloud, account).map_err(told)?.currency();
                    let most = amount.unwrap_or(Money::from_units(i64::MAX, currency)); // off: there is no such limit
                    (refill.monthly_max, refills) = (Some(most), true);
                }
                Setting::Pay(way) => pay = Some(*way),
                Setting::LimitOf(member) => limits.member = Some(member.clone()),
                Setting::MonthLimit(amount) => (limits.month, limited) = (Some(*amount), true),
                Setting::HourLimit(amount) => (limits.hour, limited) = (Some(*amount), true),
                Setting::AlertThreshold(amount) => {
                    (alerts.low_balance, warned) = (wish(amount.map(Money::units)), true);
                }
                Setting::AlertRunway(days) => (alerts.runway_days, warned) = (wish(days.map(i64::from)), true),
                Setting::AlertMonthCost(amount) => (alerts.month_cost, warned) = (wish(amount.map(Money::units)), true),
                later => return Err(StageError::NotBuilt(later_setting(later))),
            }
        }
        if describes {
            let set = self.engine().set_company(&self.cloud, account, &company);
            self.done(set.map(drop))?;
        }
        if writes {
            let set = self.engine().set_contact(&self.cloud, account, Some(&contact));
            self.done(set.map(drop))?;
        }
        if refills {
            let set = self.engine().set_refill(&self.cloud, account, &refill);
            self.done(set.map(drop))?;
        }
        if limited {
            self.limit(account, limits)?;
        }
        if warned {
            let set = self.engine().set_alerts(&self.cloud, account, &alerts);
            self.done(set.map(drop))?;
        }
        if let Some(pay) = pay {
            let set = self.engine().set_pay(&self.cloud, account, Some(pay));
            self.done(set.map(drop))?;
        }
        Ok(())
    }
}

/// What is billed, then what coupons take off.
fn all_lines(bill: &BillFacts, currency: Currency) -> Vec<String> {
    let off = bill.coupons.iter().map(|(code, amount)| {
        let amount = Money::from_units(amount.saturating_neg(), currency);
        format!("{code}: {}", amount.plain())
    });
    bill.lines.iter().map(|line| line_text(line, currency)).chain(off).collect()
}

fn line_text(line: &BillLineFacts, currency: Currency) -> String {
    let money = |units| Money::from_units(units, currency).plain();
    let mut text = format!("{}: {}", line.text, money(line.amount));
    if let Some(used) = line.used.filter(|used| used.net != used.unbilled) {
        let paid = [(used.credit, "credit"), (used.balance, "the balance")];
        for (part, by) in paid.into_iter().filter(|(part, _)| *part != 0) {
            text = format!("{text}, {} by {by}", money(part));
        }
    }
    text
}

fn nothing(name: &str) -> StageError {
    StageError::refused(
        "not_found",
        format!("there is no payment and no refund {name:?}, and none of an account of that name"),
    )
}
