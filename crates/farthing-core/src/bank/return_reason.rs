//! Why a bank sends a debit or a transfer back (ISO 20022's external codes), in words, and what we do then.

use std::fmt;

/// As a statement has it; a code that is not listed is kept, and looked at by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnReason {
    pub code: String,
    /// A clause: it can follow "because".
    pub meaning: &'static str,
    pub follow: Follow,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follow {
    /// Nothing is wrong with the method: it may go well another day.
    TryLater,
    /// Only the customer can say what is right: nothing more is drawn until they have.
    AskCustomer,
    /// Nothing is drawn by this mandate again.
    MandateDead,
    /// The account at the bank is gone or cannot be drawn from: neither by this mandate nor by another.
    MethodDead,
    /// It was our own file or timing: a person corrects it, and it is sent again.
    Correct,
}

impl ReturnReason {
    /// Letters in any case; spaces around do not matter.
    pub fn of(code: &str) -> ReturnReason {
        let code = code.trim().to_ascii_uppercase();
        let listed = TABLE.iter().find(|(known, _, _)| *known == code);
        let (_, meaning, follow) = listed.copied().unwrap_or(("", UNKNOWN, Follow::AskCustomer));
        ReturnReason { code, meaning, follow }
    }

    /// Whether the code is one of those listed.
    pub fn is_known(&self) -> bool {
        TABLE.iter().any(|(code, _, _)| *code == self.code)
    }
}

impl fmt::Display for ReturnReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code.as_str() {
            "" => out.write_str(self.meaning),
            code => write!(out, "{} ({code})", self.meaning),
        }
    }
}

const UNKNOWN: &str = "the bank gave no reason that we know";

/// Of direct debits by the EPC's rulebooks, and of transfers that come back.
const TABLE: [(&str, &str, Follow); 49] = {
    use Follow::{AskCustomer, Correct, MandateDead, MethodDead, TryLater};
    [
        ("AC01", "the IBAN is wrong", MethodDead),
        ("AC03", "the IBAN of the recipient is wrong", AskCustomer),
        ("AC04", "the account is closed", MethodDead),
        ("AC06", "the account is blocked", MethodDead),
        ("AC13", "the account is a consumer's, and the debit was for businesses", MethodDead),
        ("AG01", "the account does not take direct debits", MethodDead),
        ("AG02", "the bank does not take this kind of transaction", Correct),
        ("AGNT", "a bank on the way is not known", Correct),
        ("AM01", "the amount is nothing", Correct),
        ("AM02", "the amount is more than is allowed", AskCustomer),
        ("AM04", "there was not enough money in the account", TryLater),
        ("AM05", "the bank has it already", Correct),
        ("AM09", "the amount is not what was agreed", AskCustomer),
        ("BE01", "the name does not belong to the account", AskCustomer),
        ("BE04", "the address is missing", Correct),
        ("BE05", "the bank does not know who collects", Correct),
        ("CNOR", "the creditor's bank is not in the scheme", Correct),
        ("CURR", "the currency is wrong", Correct),
        ("CUST", "the customer asked for it back", AskCustomer),
        ("DNOR", "the debtor's bank is not in the scheme", MethodDead),
        ("DS02", "the order was cancelled", AskCustomer),
        ("DT01", "the date is wrong", Correct),
        ("DUPL", "it was paid twice", Correct),
        ("ED05", "the banks could not settle it", TryLater),
        ("FF01", "the file was wrong", Correct),
        ("FF05", "the kind of debit is wrong", Correct),
        ("FOCR", "it was called back", AskCustomer),
        ("FRAD", "it was fraud", MethodDead),
        ("MD01", "there is no mandate, or the customer says so", MandateDead),
        ("MD02", "details of the mandate are missing or wrong", Correct),
        ("MD06", "the customer took it back within eight weeks", AskCustomer),
        ("MD07", "the account holder has died", MethodDead),
        ("MS02", "the customer refused it", AskCustomer),
        ("MS03", "the bank gave no reason", TryLater),
        ("NARR", "the bank wrote its reason in words", AskCustomer),
        ("NOAS", "the customer did not answer", AskCustomer),
        ("RC01", "the BIC is wrong", AskCustomer),
        ("RC07", "the BIC of the recipient is wrong", AskCustomer),
        ("RR01", "the law asks for the debtor's account", Correct),
        ("RR02", "the law asks for the debtor's name or address", Correct),
        ("RR03", "the law asks for the creditor's name or address", Correct),
        ("RR04", "the law forbids it", MethodDead),
        ("SL01", "the customer lets only some creditors draw", AskCustomer),
        ("SL11", "the customer has not put us on the list of those who may draw", AskCustomer),
        ("SL12", "the customer lets nobody draw", MethodDead),
        ("SL13", "the customer lets only so much be drawn", AskCustomer),
        ("SL14", "the customer lets nobody draw so often", TryLater),
        ("TECH", "something went wrong at the bank", Correct),
        ("TM01", "it came after the bank's hour", Correct),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_in_words() {
        let check = |code: &str, told: &str, follow| {
            let reason = ReturnReason::of(code);
            assert_eq!((reason.to_string().as_str(), reason.follow), (told, follow), "{code}");
        };
        check("AM04", "there was not enough money in the account (AM04)", Follow::TryLater);
        check(" md06 ", "the customer took it back within eight weeks (MD06)", Follow::AskCustomer);
        check("MD01", "there is no mandate, or the customer says so (MD01)", Follow::MandateDead);
        check("AC04", "the account is closed (AC04)", Follow::MethodDead);
        check("ZZ99", "the bank gave no reason that we know (ZZ99)", Follow::AskCustomer);
        check("", "the bank gave no reason that we know", Follow::AskCustomer);
        assert!(!ReturnReason::of("ZZ99").is_known());
    }

    #[test]
    fn the_list_is_sorted_and_says_each_code_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TABLE.iter().all(|(code, _, _)| ReturnReason::of(code).is_known()));
    }
}
