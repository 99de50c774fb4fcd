//! Closes an account, and changes whether it pays ahead. Both settle it to the instant first: what has accrued is paid by what
//! was agreed when it was used.

use crate::asked::Note;
use crate::bills::bill_last;
use crate::folio::Work;
use crate::keep_wallets::give_back;
use crate::open_account::{AccountFacts, facts_of};
use crate::open_project::{account_ever, account_of};
use crate::payments::refund_rest;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::notice::Event;
use farthing_core::policy::Pay;
use serde_json::json;

impl Engine {
    /// Nothing is asked of a closed account any more; what is told late of its past is booked as ever. Its last bill comes at once, and what
    /// was paid in and not used is asked back, where the policy has either. It is refused while anything of it still costs, or money of it is
    /// held. Closed twice, it is closed.
    pub fn close_account(&self, cloud: &str, account: &str) -> Result<AccountFacts, Refused> {
        let account = account.to_owned();
        self.ask("close_account", cloud, move |work| close(work, &account))
    }

    /// Whether it pays ahead from now on; none: as the cloud's policy says. Where a product says so itself, that goes on.
    pub fn set_pay(&self, cloud: &str, account: &str, pay: Option<Pay>) -> Result<AccountFacts, Refused> {
        let account = account.to_owned();
        self.ask("set_pay", cloud, move |work| {
            let id = account_of(work, &account)?.id;
            let now = work.now;
            work.load(&[id])?;
            if work.folio(id).payer.pay == pay {
                let payer = work.folio(id).payer.clone();
                return Ok(facts_of(work.tx, &payer)?);
            }
            work.bring_to(id, now)?;
            work.post_all(id, now)?;
            work.flush_postings()?;
            let was = work.folio(id).payer.pay;
            work.folio(id).payer.pay = pay;
            let told = |pay: Option<Pay>| json!({ "pay": pay.map(|pay| pay.to_string()) });
            let note = Note::new("account.pay_changed", format!("account {account}"));
            work.notes.push(note.was(&told(was)).became(&told(pay)));
            let event = Event::AccountPayChanged { account: account.clone(), pay: pay.map(|pay| pay.to_string()) };
            work.tell(Some(id), event);
            let payer = work.folio(id).payer.clone();
            work.tx.payer_pay_write(&payer)?;
            work.folio(id).stir();
            Ok(facts_of(work.tx, &payer)?)
        })
    }
}

fn close(work: &mut Work<'_, '_>, name: &str) -> Result<AccountFacts, Refused> {
    let found = account_ever(work, name)?;
    if found.closed.is_some() {
        return Ok(facts_of(work.tx, &found)?);
    }
    let (id, now) = (found.id, work.now);
    let own = work.tx.wallets_in(&[id])?;
    if let Some(open) = own.iter().find(|wallet| wallet.closed.is_none()) {
        let what = format!("{}'s wallet is in account {name:?}: close that first", open.person);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let wallet = work.tx.wallet(id)?;
    let both: Vec<_> = wallet.iter().map(|wallet| wallet.parent).chain([id]).collect();
    work.load(&both)?;
    work.bring_to(id, now)?;
    let running = work.folio(id).book.lines.iter().find(|line| line.open.slope > 0).map(|line| line.id.thing);
    if let Some(thing) = running {
        let thing = work.tx.things(&[thing])?.pop().map(|thing| thing.name).unwrap_or_default();
        let what =
            format!("account {name:?} still pays for {thing:?}: delete it, or give its project away, and close again");
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    if work.folio(id).held > 0 {
        let what = format!("money of account {name:?} is held: capture or release it, and close again");
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    work.post_all(id, now)?;
    work.flush_postings()?;
    if let Some(wallet) = &wallet {
        give_back(work, wallet)?;
    }
    // Its ledger accounts may have been opened on the way: they are part of what is sealed with it.
    work.tx.payer_close(id, now)?;
    work.folio(id).payer.closed = Some(now);
    work.notes.push(Note::new("account.closed", format!("account {name}")));
    work.tell(Some(id), Event::AccountClosed { account: name.to_owned() });
    let payer = work.folio(id).payer.clone();
    if wallet.is_none() {
        bill_last(work, &payer)?;
        refund_rest(work, &payer)?;
    }
    Ok(facts_of(work.tx, &payer)?)
}
