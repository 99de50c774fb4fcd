//! `/transfers/{id}`: one transfer with all that is recorded of it, and what it is linked with.

use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, Link, PageError, Section};
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use crate::words::moment::Moment;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use farthing_core::ledger::{AccountId, Entry, Flags, TransferId};
use farthing_core::money::Locale;
use farthing_core::time::Zone;
use farthing_store::{AccountName, Tx};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "transfer.html")]
struct TransferPage {
    frame: Frame,
    id: String,
    what: &'static str,
    kind: &'static str,
    amount: String,
    from: Side,
    to: Side,
    recorded: Moment,
    effective: Moment,
    mode: &'static str,
    flags: Vec<&'static str>,
    cause: Option<String>,
    reverses: Option<TransferId>,
    reversed_by: Option<TransferId>,
    set: Vec<Member>,
}

/// One of the two accounts: whose, which, what it came to, and the transfer before this one.
struct Side {
    owner: Link,
    account: String,
    code: String,
    after: String,
    previous: Option<TransferId>,
}

/// A transfer of the set it was booked with.
struct Member {
    id: TransferId,
    this: bool,
    what: &'static str,
    from: String,
    to: String,
    amount: Figure,
    label: String,
}

pub(crate) async fn page(State(console): State<Arc<Console>>, path: Result<Path<String>, PathRejection>) -> Response {
    let Some(id) = path.ok().and_then(|Path(text)| TransferId::parse(&text)) else {
        return PageError::NotFound("This is no transfer's id: it has \"trf_\" and 13 letters or digits.".into())
            .into_response();
    };
    frame::answer(console, move |console| {
        console.engine.store().read("console_transfer", |tx| transfer_page(tx, console, id))
    })
    .await
}

fn transfer_page(tx: &mut Tx<'_>, console: &Console, id: TransferId) -> Result<TransferPage, PageError> {
    let entry = tx.transfer(id)?.ok_or_else(|| PageError::NotFound("There is no transfer of this id.".into()))?;
    let set = match entry.linked {
        Some(first) => tx.transfers_linked(first)?,
        None => Vec::new(),
    };
    let reversed_by = tx.transfer_reversing(id)?;
    let accounts: Vec<AccountId> = set.iter().chain([&entry]).flat_map(|entry| [entry.debit, entry.credit]).collect();
    let sight = Sight { console, names: tx.account_names(&accounts)?, commodities: tx.commodities()? };
    let cloud = sight.cloud(&entry);
    let zone = match cloud {
        Some(cloud) => cloud.time_zone.clone(),
        None => Zone::parse("UTC").map_err(|error| PageError::Failed(error.to_string()))?,
    };
    let notation = sight.notation(&entry)?;
    let what = words::kind(entry.kind);
    Ok(TransferPage {
        frame: cloud.map_or_else(
            || Frame::new(what, Section::Clouds),
            |cloud| Frame::of(what, cloud).below(frame::cloud_address(&cloud.id), cloud.name.clone()),
        ),
        id: id.to_string(),
        what,
        kind: entry.kind.name(),
        amount: notation.exact(i128::from(entry.amount))?,
        from: sight.side(entry.debit, entry.debit_after, entry.debit_previous, &notation)?,
        to: sight.side(entry.credit, entry.credit_after, entry.credit_previous, &notation)?,
        recorded: Moment::of(id.recorded(), &zone)?,
        effective: Moment::of(entry.effective, &zone)?,
        mode: if entry.flags.has(Flags::ASKED) {
            "Asked for: it would have been refused beyond the floor"
        } else {
            "Reported: it had happened, so it was booked"
        },
        flags: words::flags(entry.flags),
        cause: entry.cause.map(|cause| cause.to_string()),
        reverses: entry.reverses,
        reversed_by,
        set: if set.len() > 1 { sight.members(&set, id)? } else { Vec::new() },
    })
}

/// What is needed to put entries into words.
struct Sight<'a> {
    console: &'a Console,
    names: BTreeMap<AccountId, AccountName>,
    commodities: Vec<farthing_core::ledger::Commodity>,
}

impl<'a> Sight<'a> {
    fn name(&self, account: AccountId) -> Result<&AccountName, PageError> {
        self.names.get(&account).ok_or_else(|| PageError::Failed(format!("account {} is not there", account.0)))
    }

    fn cloud(&self, entry: &Entry) -> Option<&'a Cloud> {
        self.names.get(&entry.debit).and_then(|name| self.console.cloud(&name.owner.cloud))
    }

    fn notation(&self, entry: &Entry) -> Result<Notation, PageError> {
        let commodity = self.name(entry.debit)?.commodity;
        let found = self.commodities.iter().find(|found| found.id == commodity);
        let found = found.ok_or_else(|| PageError::Failed(format!("commodity {} is not there", commodity.0)))?;
        Ok(Notation::of(found, self.cloud(entry).map_or(Locale::En, Cloud::locale)))
    }

    fn side(
        &self,
        account: AccountId,
        after: i64,
        previous: Option<TransferId>,
        notation: &Notation,
    ) -> Result<Side, PageError> {
        let AccountName { owner, code, .. } = self.name(account)?;
        let cloud = self.console.cloud(&owner.cloud).map_or(owner.cloud.as_str(), |cloud| &cloud.name);
        let owner = if owner.books {
            Link { address: frame::cloud_address(&owner.cloud), text: format!("{cloud}'s own books") }
        } else {
            Link { address: frame::customer_address(&owner.cloud, &owner.name), text: owner.name.clone() }
        };
        let after = notation.exact(i128::from(after))?;
        Ok(Side { owner, account: words::account(code), code: code.clone(), after, previous })
    }

    fn members(&self, set: &[Entry], this: TransferId) -> Result<Vec<Member>, PageError> {
        let member = |entry: &Entry| {
            let notation = self.notation(entry)?;
            Ok(Member {
                id: entry.id,
                this: entry.id == this,
                what: words::kind(entry.kind),
                from: words::account(&self.name(entry.debit)?.code),
                to: words::account(&self.name(entry.credit)?.code),
                amount: notation.bare(i128::from(entry.amount))?,
                label: notation.label().to_owned(),
            })
        };
        set.iter().map(member).collect()
    }
}
