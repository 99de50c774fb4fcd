//! Why Stripe says that a payment failed, in our codes: by what may be done next, not by whose fault it was
//! (<https://docs.stripe.com/declines/codes>, <https://docs.stripe.com/error-codes>).

use farthing_core::payment::{Failure, FailureCode};
use serde_json::Value;

/// Of an error of the API, of `last_payment_error` or of `last_setup_error`: all have one form. `is_debit`: a bank was asked for it.
pub(crate) fn failure(error: &Value, is_debit: bool) -> Failure {
    let is_debit = is_debit || error["payment_method"]["type"] == "sepa_debit";
    // The finer word first.
    let mut words = [&error["decline_code"], &error["code"]].into_iter().filter_map(Value::as_str);
    let code = words.find_map(code).unwrap_or(match error["type"].as_str() {
        _ if is_debit => FailureCode::Returned,
        Some("card_error") => FailureCode::Declined,
        _ if error["code"] == "card_declined" => FailureCode::Declined,
        _ => FailureCode::Other,
    });
    let text = error["message"].as_str().unwrap_or("Stripe gave no reason");
    Failure { code, text: text.chars().take(500).collect() }
}

/// None: the word says no more than that it failed.
fn code(word: &str) -> Option<FailureCode> {
    Some(match word {
        "insufficient_funds" | "balance_insufficient" => FailureCode::InsufficientFunds,
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => FailureCode::Expired,
        "authentication_required" | "payment_intent_authentication_failure" | "setup_intent_authentication_failure" => {
            FailureCode::AuthenticationRequired
        }
        // Nothing will come of it however often it is asked; the card networks fine those who try.
        "lost_card"
        | "stolen_card"
        | "pickup_card"
        | "invalid_account"
        | "account_closed"
        | "no_account"
        | "bank_account_unusable"
        | "bank_account_restricted"
        | "debit_not_authorized"
        | "revocation_of_authorization"
        | "revocation_of_all_authorizations"
        | "payment_method_invalid_parameter"
        | "resource_missing" => FailureCode::MethodGone,
        "payment_intent_payment_attempt_expired" | "payment_method_customer_decline" => FailureCode::Abandoned,
        // Of the moment, or of Stripe: not the customer's.
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" | "approve_with_id" => {
            FailureCode::Other
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(error: &Value, is_debit: bool, expected: FailureCode) {
        assert_eq!(failure(error, is_debit).code, expected, "{error}");
    }

    #[test]
    fn by_what_may_be_done_next() {
        let declined = |word: &str| json!({ "type": "card_error", "code": "card_declined", "decline_code": word });
        check(&declined("insufficient_funds"), false, FailureCode::InsufficientFunds);
        check(&declined("generic_decline"), false, FailureCode::Declined);
        check(&declined("do_not_honor"), false, FailureCode::Declined);
        check(&declined("stolen_card"), false, FailureCode::MethodGone);
        check(&declined("try_again_later"), false, FailureCode::Other);
        check(&declined("a word of next year"), false, FailureCode::Declined);
        check(&json!({ "type": "card_error", "code": "expired_card" }), false, FailureCode::Expired);
        check(&json!({ "code": "card_declined" }), false, FailureCode::Declined);
        check(&json!({ "code": "authentication_required" }), false, FailureCode::AuthenticationRequired);
        check(&json!({}), false, FailureCode::Other);
        check(&Value::Null, false, FailureCode::Other);
    }

    #[test]
    fn what_a_bank_gives_back() {
        check(&json!({ "code": "refer_to_customer" }), true, FailureCode::Returned);
        check(&json!({ "code": "insufficient_funds" }), true, FailureCode::InsufficientFunds);
        check(&json!({ "code": "account_closed" }), true, FailureCode::MethodGone);
        let typed = json!({ "decline_code": "generic_decline", "payment_method": { "type": "sepa_debit" } });
        check(&typed, false, FailureCode::Returned);
    }
}
