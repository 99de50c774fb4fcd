//! The bank as a provider: what it is asked for is written down, and goes into the next file. Its answer is always that it is on its way.

use super::{NAME, name_at_bank};
use crate::payments::Provider;
use crate::{Engine, EngineError};
use farthing_core::bank::{OrderKind, OrderState};
use farthing_core::payment::{Ask, Capabilities, MethodNews, News, PaymentId, PaymentNews, RefundNews, Reply, What};
use farthing_core::policy::Channel;
use farthing_store::{BankOrderRow, Tx};

#[derive(Debug)]
pub(crate) struct Bank<'e> {
    engine: &'e Engine,
}

/// Who is on the other side of what is asked.
struct Side {
    name: String,
    iban: String,
    bic: String,
}

pub(crate) const CAPABILITIES: Capabilities =
    Capabilities { stored: &[Channel::SepaDebit], pages: &[], partial_refunds: true, per_second: 1_000 };

impl<'e> Bank<'e> {
    pub(crate) fn new(engine: &'e Engine) -> Bank<'e> {
        Bank { engine }
    }

    fn try_ask(&self, ask: &Ask) -> Result<News, EngineError> {
        let ask = ask.clone();
        self.engine.store.write("bank_ask", move |tx| answer(tx, &ask))
    }
}

impl Provider for Bank<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn ask(&self, ask: &Ask) -> Reply {
        let news = self
            .try_ask(ask)
            .unwrap_or_else(|error| News::NotNow { why: farthing_store::chain_of(&error), pause_seconds: None });
        Reply { customer: None, news }
    }
}

fn answer(tx: &mut Tx<'_>, ask: &Ask) -> Result<News, EngineError> {
    let never = |why: &str| Ok(News::Never { why: why.to_owned() });
    let (order, news) = match &ask.what {
        What::Charge { payment, amount, text, .. } => {
            let method = tx.payment(*payment)?.and_then(|row| row.method);
            let mandate = match method {
                Some(method) => tx.mandate(method)?,
                None => None,
            };
            let Some(mandate) = mandate else { return never("there is no mandate to debit by") };
            let side = Side { name: mandate.holder, iban: mandate.iban, bic: mandate.bic };
            let end_to_end = name_at_bank(payment);
            let order = order_of(
                tx,
                ask,
                OrderKind::Debit,
                (payment.to_bytes(), 0),
                (amount.units(), &end_to_end, text),
                side,
            )?;
            (order, News::Payment { reference: Some(end_to_end), news: PaymentNews::Pending })
        }
        What::Refund { refund, part, payment, amount, .. } => {
            let Some(side) = payer_of(tx, *payment)? else {
                return never("nobody knows from which account at a bank it came: pay it back by hand");
            };
            let end_to_end = name_at_bank(format_args!("{refund}-{part}"));
            let subject = (refund.to_bytes(), *part);
            let text = format!("Refund {refund}");
            let order = order_of(tx, ask, OrderKind::Refund, subject, (amount.units(), &end_to_end, &text), side)?;
            (order, News::Refund { reference: Some(end_to_end), news: RefundNews::Pending })
        }
        What::Look { payment, .. } => {
            let news = PaymentNews::Pending;
            return Ok(News::Payment { reference: Some(name_at_bank(payment)), news });
        }
        What::Detach { .. } => return Ok(News::Method(MethodNews::Detached)),
        What::Page { .. } | What::SetUp { .. } => return never("a bank opens no pages: give a mandate"),
    };
    // Asked again it is there.
    tx.bank_order_insert(&order)?;
    Ok(news)
}

fn order_of(
    tx: &mut Tx<'_>,
    ask: &Ask,
    kind: OrderKind,
    (subject, part): ([u8; 16], i64),
    (amount, end_to_end, text): (i64, &str, &str),
    side: Side,
) -> Result<BankOrderRow, EngineError> {
    let account = tx.payer_by_name(&ask.cloud, &ask.customer.account)?.map(|payer| payer.id);
    Ok(BankOrderRow {
        cloud: ask.cloud.clone(),
        end_to_end: end_to_end.to_owned(),
        kind,
        account,
        subject,
        part,
        amount,
        due: None,
        name: side.name,
        iban: side.iban,
        bic: side.bic,
        text: text.to_owned(),
        state: OrderState::Waiting,
        file: None,
        batch: String::new(),
    })
}

/// Where a payment came from: the mandate it was debited by, or the account it was sent from.
fn payer_of(tx: &mut Tx<'_>, payment: PaymentId) -> Result<Option<Side>, EngineError> {
    let Some(row) = tx.payment(payment)? else { return Ok(None) };
    if let Some(method) = row.method {
        let mandate = tx.mandate(method)?;
        return Ok(mandate.map(|mandate| Side { name: mandate.holder, iban: mandate.iban, bic: mandate.bic }));
    }
    let Ok(id) = farthing_core::bank::BankRowId::parse(&row.reference) else { return Ok(None) };
    let from = tx.bank_row(id)?.filter(|row| !row.iban.is_empty());
    Ok(from.map(|row| Side { name: row.name, iban: row.iban, bic: String::new() }))
}
