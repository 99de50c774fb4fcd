//! Scenarios' words about the cloud's bank: a bank that is only pretended tells statements, as the real one's files would.

use super::command::Banking;
use super::engine::{EngineStage, broken, told};
use super::stage::{Answer, Done, StageError};
use farthing_core::bank::{BankRowId, Nature, OrderKind, OrderState, Row, RowState, Statement};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::BillId;
use farthing_core::time::Instant;
use farthing_engine::{BankRowFacts, NewStatement, Refusal, RowDecision};
use farthing_store::{BankOrderRow, BillKind};
use std::collections::BTreeMap;

/// What the bank has told last, and how often it has.
#[derive(Debug, Default)]
pub(super) struct BankOfStory {
    told: u32,
    last: Vec<Row>,
}

impl EngineStage {
    pub(super) fn banking(&mut self, asked: &Banking, at: Instant) -> Done {
        match asked {
            Banking::TransferIn { account, amount, text, from, by } => {
                let text = match (text, account) {
                    (Some(text), _) => self.filled_in(text)?,
                    (None, Some(account)) => self.code_of(account)?,
                    (None, None) => String::new(),
                };
                let row = Row {
                    name: by.clone().unwrap_or_default(),
                    iban: from.clone().unwrap_or_default(),
                    text,
                    ..self.movement(*amount, at)?
                };
                self.tell_statement(vec![row])
            }
            Banking::Settles => self.settles(at),
            Banking::Repeats => {
                let last = std::mem::take(&mut self.bank.last);
                self.tell_statement(last)
            }
            Banking::Refuses { name, code } => {
                let order = self.order_of(name)?;
                let refusal = Refusal {
                    message: String::new(),
                    batch: String::new(),
                    end_to_end: order.end_to_end,
                    reason: code.clone(),
                    text: String::new(),
                };
                self.bank.told += 1;
                let digest = format!("story-{}", self.bank.told);
                let taken = self.engine().take_refusals(&self.cloud, "pain.002", &digest, &[refusal]);
                self.done(taken.map(drop))
            }
            Banking::Returns { name, code, fee } => {
                let order = self.order_of(name)?;
                let currency = self.bank_currency()?;
                let taken = order.amount + fee.map_or(0, Money::units);
                let row = Row {
                    nature: Nature::Return,
                    end_to_end: order.end_to_end,
                    batch: order.batch,
                    reason: code.clone(),
                    fee: *fee,
                    ..self.movement(Money::from_units(-taken, currency), at)?
                };
                self.tell_statement(vec![row])
            }
            Banking::Assign { account, billed } => {
                let bills = if *billed {
                    let kind = Some(BillKind::Bill);
                    let newest = self.engine().bills(&self.cloud, Some(account), kind, None, None, 1).map_err(told)?;
                    newest.iter().filter_map(|bill| BillId::parse(&bill.id).ok()).collect()
                } else {
                    Vec::new()
                };
                self.decide_row(&RowDecision::Account { account: account.clone(), bills })
            }
            Banking::SendBack => self.decide_row(&RowDecision::SendBack),
            Banking::SetAside => self.decide_row(&RowDecision::SetAside),
        }
    }

    /// What came in at the bank and is nobody's yet.
    pub(super) fn suspense(&self) -> Result<Answer, StageError> {
        let currency = self.bank_currency()?;
        let accounts = self.engine().reconcile(&self.cloud).map_err(told)?;
        let open = accounts.iter().find(|account| account.account == "suspense").map_or(0, |account| account.open);
        Ok(Answer::Money(Money::from_units(-open, currency)))
    }

    fn decide_row(&mut self, decision: &RowDecision) -> Done {
        let waiting = self.engine().bank_rows(&self.cloud, Some(RowState::Waiting), None, None, 1_000).map_err(told)?;
        let oldest = waiting.last().and_then(|row: &BankRowFacts| BankRowId::parse(&row.id).ok());
        let id = oldest.ok_or_else(|| StageError::refused("not_found", "no movement of the bank waits"))?;
        let decided = self.engine().decide_bank_row(&self.cloud, id, decision, "the story says so");
        self.done(decided.map(drop))
    }

    /// `{acme}` is acme's code, `{bill acme}` the number of its newest bill.
    fn filled_in(&self, text: &str) -> Result<String, StageError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&match name.strip_prefix("bill ") {
                None => self.code_of(name)?,
                Some(account) => {
                    let kind = Some(BillKind::Bill);
                    let newest = self.engine().bills(&self.cloud, Some(account), kind, None, None, 1).map_err(told)?;
                    let none = || StageError::refused("not_found", format!("{account} has no bill"));
                    newest.into_iter().next().ok_or_else(none)?.number
                }
            });
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn code_of(&self, account: &str) -> Result<String, StageError> {
        Ok(self.engine().transfer_details(&self.cloud, account, None).map_err(told)?.reference)
    }

    /// Files are made of what waits, and what they ask for is done: debits by batch, transfers one by one.
    fn settles(&mut self, at: Instant) -> Done {
        self.engine().make_bank_files(&self.cloud).map_err(told)?;
        let currency = self.bank_currency()?;
        let mut batches: BTreeMap<String, i64> = BTreeMap::new();
        let mut rows = Vec::new();
        for order in self.orders()?.into_iter().filter(|order| order.state == OrderState::Filed) {
            if order.kind == OrderKind::Debit {
                *batches.entry(order.batch.clone()).or_default() += order.amount;
            } else {
                let paid = Money::from_units(-order.amount, currency);
                rows.push(Row { end_to_end: order.end_to_end, ..self.movement(paid, at)? });
            }
        }
        for (batch, sum) in batches {
            let collected = Money::from_units(sum, currency);
            rows.push(Row { nature: Nature::Debits, batch, ..self.movement(collected, at)? });
        }
        self.tell_statement(rows)
    }

    fn orders(&self) -> Result<Vec<BankOrderRow>, StageError> {
        let cloud = self.cloud.clone();
        self.engine().store().read("bank_orders", |tx| tx.bank_orders_filed(&cloud)).map_err(broken)
    }

    /// What the bank was asked for, for a payment.
    fn order_of(&self, name: &str) -> Result<BankOrderRow, StageError> {
        let id = self.payment_of(name, None)?;
        let found =
            self.engine().store().read("bank_orders", |tx| tx.bank_orders_of(&id.to_bytes())).map_err(broken)?;
        let none = || StageError::refused("not_found", format!("the bank was asked for nothing for {name}"));
        found.into_iter().next().ok_or_else(none)
    }

    fn bank_currency(&self) -> Result<Currency, StageError> {
        Ok(self.engine().cloud_facts(&self.cloud).map_err(told)?.currency)
    }

    fn movement(&mut self, amount: Money, at: Instant) -> Result<Row, StageError> {
        self.bank.told += 1;
        let booked = farthing_core::time::Zone::UTC.civil_date_of(at).map_err(broken)?;
        Ok(Row { bank_reference: format!("STORY{:06}", self.bank.told), ..Row::bare(booked, amount, Nature::Transfer) })
    }

    fn tell_statement(&mut self, rows: Vec<Row>) -> Done {
        self.bank.told += 1;
        let statement = Statement {
            id: format!("story {}", self.bank.told),
            account: self.own_account()?,
            currency: self.bank_currency()?,
            opening: None,
            closing: None,
            rows: rows.clone(),
        };
        self.bank.last = rows;
        let name = format!("statement {}", self.bank.told);
        let told = NewStatement { digest: format!("story-{}", self.bank.told), name, statements: vec![statement] };
        let taken = self.engine().take_statement(&self.cloud, &told);
        self.done(taken.map(drop))
    }

    /// As the policy names it.
    fn own_account(&self) -> Result<String, StageError> {
        let account = self.engine().cloud_facts(&self.cloud).map_err(told)?.bank_account;
        account.ok_or_else(|| StageError::refused("refused_by_policy", "the policy names no account at a bank"))
    }
}
