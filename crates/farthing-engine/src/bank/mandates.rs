//! A customer lets the cloud debit an account at a bank: the mandate, as they signed it, and the method that it is (R40).

use super::{NAME, name_at_bank};
use crate::asked::Note;
use crate::open_project::account_of;
use crate::payments::{MethodFacts, insert_method, must_be_eligible};
use crate::{Engine, RefusalCode, Refused};
use farthing_core::bank::{Iban, Scheme};
use farthing_core::payment::{MethodFacts as Facts, MethodStanding};
use farthing_core::policy::Channel;
use farthing_store::MandateRow;
use serde_json::json;

/// What a debtor signs.
#[derive(Clone, Debug)]
pub struct NewMandate {
    pub account: String,
    /// Whose account at the bank it is.
    pub holder: String,
    pub iban: String,
    /// May be empty.
    pub bic: String,
    /// The words that they agreed to.
    pub words: String,
    pub scheme: Scheme,
    /// It becomes the first that is charged.
    pub default: bool,
}

impl Engine {
    /// Keeps a mandate; debits by it go into files for the bank.
    pub fn add_mandate(&self, cloud: &str, mandate: &NewMandate) -> Result<MethodFacts, Refused> {
        let own = mandate.clone();
        self.ask("add_mandate", cloud, move |work| {
            let payer = account_of(work, &own.account)?;
            work.load(&[payer.id])?;
            let now = work.now;
            work.bring_to(payer.id, now)?;
            let bank = super::own_account(work)?;
            if bank.creditor_id.is_none() || work.policy_at(now)?.sepa.is_none() {
                let what = "this cloud takes no direct debits: its policy needs [sepa], and `creditor_id` in [bank]";
                return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
            }
            let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
            let iban = Iban::parse(&own.iban).map_err(|error| invalid(error.to_string()))?;
            let holder = own.holder.trim();
            if holder.is_empty() || holder.chars().count() > 70 || holder.chars().any(char::is_control) {
                return Err(invalid("`holder` is the name of whose account it is: 1 to 70 characters".to_owned()));
            }
            if own.words.trim().is_empty() {
                return Err(invalid("`mandate` has the words that the debtor agreed to".to_owned()));
            }
            let text = iban.to_string();
            let country = text.chars().take(2).collect::<String>();
            let methods = work.tx.methods_of(payer.id)?;
            for method in methods.iter().filter(|row| row.provider == NAME && row.standing == MethodStanding::Ready) {
                if work.tx.mandate(method.id)?.is_some_and(|known| known.iban == text) {
                    return Ok(MethodFacts::of(&payer.name, method, false)); // it is there already
                }
            }
            let last4: String = text.chars().skip(text.chars().count().saturating_sub(4)).collect();
            let facts = Facts {
                token: String::new(),
                channel: Channel::SepaDebit,
                brand: "bank account".to_owned(),
                last4,
                expires: None,
                country,
                funding: None,
                fingerprint: blake3::hash(text.as_bytes()).to_hex().chars().take(32).collect(),
            };
            must_be_eligible(work, &payer, &facts)?;
            let mut row = insert_method(work, &payer, NAME, &facts, MethodStanding::Ready, true)?;
            row.mandate.clone_from(&own.words);
            row.facts.token = name_at_bank(row.id);
            if own.default {
                row.rank = methods.iter().map(|method| method.rank).min().unwrap_or(0).saturating_sub(1);
            }
            work.tx.method_write(&row)?;
            let signed =
                work.folio(payer.id).zone.civil_date_of(now).map_err(farthing_core::settle::SettleError::from)?;
            let kept = MandateRow {
                method: row.id,
                cloud: work.cloud.id.clone(),
                account: payer.id,
                holder: holder.to_owned(),
                iban: text,
                bic: own.bic.trim().to_owned(),
                scheme: own.scheme,
                signed,
                first_used: None,
                last_used: None,
            };
            work.tx.mandate_insert(&kept)?;
            crate::payments::watch_refill(work, payer.id)?;
            // Whose account it is and its number are a person's: the audit log has the mandate alone.
            let told = json!({ "method": row.id.to_string(), "scheme": own.scheme.name() });
            work.notes.push(Note::new("mandate.given", format!("account {}", payer.name)).became(&told));
            Ok(MethodFacts::of(&payer.name, &row, own.default || methods.is_empty()))
        })
    }
}
