//! Where a customer transfers money to, and what they write on it: a code that is theirs alone and for good.

use super::own_account;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::bank::{EpcTransfer, Iban, Reference};
use farthing_core::money::Money;
use farthing_core::policy::{Channel, Policy};
use farthing_store::StoreError;
use serde::{Deserialize, Serialize};

/// Codes that are tried before it is given up: one of 34,000 million is taken once in a blue moon.
const TRIES: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferDetails {
    pub holder: String,
    /// In groups of four where it is an IBAN.
    pub account: String,
    pub bic: String,
    pub reference: String,
    /// What a banking app reads from a code that is scanned; empty where the account or currency is none of the SEPA area.
    pub scan: String,
    /// From this amount on nothing else is taken.
    pub required_above: Option<i64>,
}

impl Engine {
    /// Whether a cloud's customers can transfer money to it.
    pub fn takes_transfers(&self, cloud: &str) -> Result<bool, Refused> {
        self.look(cloud, |work| Ok(takes_transfers(work.policy_at(work.now)?)))
    }

    /// Where and how an account transfers money. `amount`: what is put into the code that is scanned.
    pub fn transfer_details(
        &self,
        cloud: &str,
        account: &str,
        amount: Option<Money>,
    ) -> Result<TransferDetails, Refused> {
        let account = account.to_owned();
        self.work("transfer_details", cloud, move |work| {
            let payer = account_of(work, &account)?;
            let bank = own_account(work)?;
            let policy = work.policy_at(work.now)?.clone();
            if !takes_transfers(&policy) {
                let what = "this cloud takes no bank transfers";
                return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
            }
            let reference = code_of(work, payer.id)?;
            let holder = bank.holder.as_ref().unwrap_or(&policy.brand.legal_name).0.clone();
            let bic = bank.bic.as_ref().map(|bic| bic.0.clone()).unwrap_or_default();
            let iban = Iban::parse(&bank.account.0).ok();
            let scan = match &iban {
                Some(iban) if work.currency().code() == "EUR" => {
                    let (name, iban, bic) = (holder.clone(), iban.to_string(), bic.clone());
                    let epc = EpcTransfer { name, iban, bic, amount, text: reference.clone() };
                    epc.payload().unwrap_or_default()
                }
                _ => String::new(),
            };
            Ok(TransferDetails {
                holder,
                account: iban.map_or(bank.account.0, |iban| iban.grouped()),
                bic,
                reference,
                scan,
                required_above: policy.top_up.bank_transfer_above.map(Money::units),
            })
        })
    }
}

/// Whether there is an account at a bank to transfer to, and the policy lets customers do so.
pub(crate) fn takes_transfers(policy: &Policy) -> bool {
    let channels = &policy.top_up.channels;
    policy.bank.is_some() && (channels.is_empty() || channels.contains(&Channel::BankTransfer))
}

/// An account's code, given it when it is first asked for.
pub(crate) fn code_of(work: &mut Work<'_, '_>, account: farthing_core::ledger::OwnerId) -> Result<String, Refused> {
    let cloud = work.cloud.id.clone();
    for _ in 0..TRIES {
        if let Some(code) = work.tx.transfer_code_of(account)? {
            return Ok(code);
        }
        let bytes = work.ids.bytes();
        let seed = bytes.iter().take(8).fold(0_u64, |seed, byte| seed << 8 | u64::from(*byte));
        work.tx.transfer_code_put(&cloud, &Reference::new(seed).to_string(), account)?;
    }
    Err(Refused::from(crate::EngineError::from(StoreError::corrupt("no code is free for an account's transfers"))))
}
