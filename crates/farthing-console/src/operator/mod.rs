//! What a cloud's own people see and do: `/clouds/{cloud}/…`, in the order of the side bar, over the same use cases as the API.
//!
//! A page is a function of what is asked (`ask::Ask`) to what stands on it; a deed is a function of it to where the browser goes next. What each
//! role may is the core's table; another cloud is not there.

mod account;
mod accounts;
mod ask;
mod audit;
mod deliveries;
mod health;
mod house;
mod money;
mod policy;
mod queues;
mod today;
mod transfer;
mod trial_balance;
mod verdict;
mod waiting;

pub use verdict::{Verdict, counted, wrong};

use crate::Console;
use crate::customer;
use crate::web::door::{does, does_within, previews, shows};
use account::{Looking, account_file, looks};
use axum::routing::MethodRouter;
use std::sync::Arc;

/// Every page and deed, by its address.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<Arc<Console>>)> {
    let mut routes = vec![
        ("/", house::opens(house::clouds)),
        ("/about", house::opens(house::about)),
        ("/clouds/{cloud}", shows(today::page)),
        ("/clouds/{cloud}/accounts", shows(accounts::page)),
        ("/clouds/{cloud}/queues", shows(queues::page)),
        (
            "/clouds/{cloud}/queues/statements",
            shows(queues::statement_page).merge(does_within(
                queues::statement_page,
                queues::take_statement,
                queues::STATEMENT_BYTES_MAX,
            )),
        ),
        (
            "/clouds/{cloud}/queues/bank/{movement}",
            shows(queues::movement_page).merge(does(queues::movement_page, queues::decide_movement)),
        ),
        (
            "/clouds/{cloud}/queues/refunds/{refund}",
            shows(queues::refund_page).merge(does(queues::refund_page, queues::decide_refund)),
        ),
        (
            "/clouds/{cloud}/queues/payments/{payment}",
            shows(queues::review_page).merge(does(queues::review_page, queues::decide_review)),
        ),
        (
            "/clouds/{cloud}/queues/invoices/{request}",
            shows(queues::invoice_page).merge(does(queues::invoice_page, queues::decide_invoice)),
        ),
        (
            "/clouds/{cloud}/queues/disputes/{dispute}",
            shows(queues::dispute_page).merge(does(queues::dispute_page, queues::decide_dispute)),
        ),
        (
            "/clouds/{cloud}/queues/given-up/{errand}",
            shows(queues::given_up_page).merge(does(queues::given_up_page, queues::ask_again)),
        ),
        ("/clouds/{cloud}/queues/brake", shows(queues::accept_page).merge(does(queues::accept_page, queues::accept))),
        ("/clouds/{cloud}/policy", shows(policy::page)),
        ("/clouds/{cloud}/policy/versions/{version}", shows(policy::version_page)),
        ("/clouds/{cloud}/policy/change", shows(policy::change_page)),
        (
            "/clouds/{cloud}/policy/plan",
            shows(policy::change_page).merge(previews(policy::change_page, policy::plan, policy::BYTES_MAX)),
        ),
        ("/clouds/{cloud}/policy/apply", does_within(policy::plan_again, policy::apply, policy::BYTES_MAX)),
        ("/clouds/{cloud}/money", shows(money::page)),
        ("/clouds/{cloud}/transfers/{transfer}", shows(transfer::page)),
        ("/clouds/{cloud}/deliveries", shows(deliveries::page)),
        (
            "/clouds/{cloud}/deliveries/{delivery}",
            shows(deliveries::one).merge(does(deliveries::one, deliveries::replay)),
        ),
        ("/clouds/{cloud}/health", shows(health::page)),
        ("/clouds/{cloud}/health/prove", does(health::page, health::prove)),
        ("/clouds/{cloud}/audit", shows(audit::page)),
        ("/clouds/{cloud}/audit/{entry}", shows(audit::one)),
    ];
    routes.extend(account_routes());
    routes
}

fn account_routes() -> Vec<(&'static str, MethodRouter<Arc<Console>>)> {
    vec![
        ("/clouds/{cloud}/accounts/{customer}", shows(account::page)),
        ("/clouds/{cloud}/accounts/{customer}/ledger", shows(account::ledger_page)),
        ("/clouds/{cloud}/accounts/{customer}/actions", shows(account::actions_page)),
        ("/clouds/{cloud}/accounts/{customer}/keep", does(account::actions_page, account::keep)),
        ("/clouds/{cloud}/accounts/{customer}/end-keep", does(account::actions_page, account::end_keep)),
        ("/clouds/{cloud}/accounts/{customer}/retry", does(account::actions_page, account::retry)),
        ("/clouds/{cloud}/accounts/{customer}/credit", does(account::actions_page, account::give_credit)),
        ("/clouds/{cloud}/accounts/{customer}/waive", does(account::actions_page, account::waive)),
        ("/clouds/{cloud}/accounts/{customer}/refund", does(account::actions_page, account::refund)),
        ("/clouds/{cloud}/accounts/{customer}/costs", looks(|at| customer::cost_page(at.customers()))),
        (
            "/clouds/{cloud}/accounts/{customer}/costs/export",
            account_file(|at: &Looking| customer::cost_export(at.customers())),
        ),
        ("/clouds/{cloud}/accounts/{customer}/charges/{charge}", looks(account::charge_page)),
        ("/clouds/{cloud}/accounts/{customer}/resources", looks(|at| customer::resources_page(at.customers()))),
        ("/clouds/{cloud}/accounts/{customer}/bills", looks(|at| customer::bills_page(at.customers()))),
        ("/clouds/{cloud}/accounts/{customer}/bills/{bill}", looks(account::bill_page)),
        (
            "/clouds/{cloud}/accounts/{customer}/bills/{bill}/{file}",
            account_file(|at: &Looking| customer::bill_file(at.customers())),
        ),
        (
            "/clouds/{cloud}/accounts/{customer}/bills/{bill}/credit",
            does(account::bill_actions_page, account::credit_bill),
        ),
        (
            "/clouds/{cloud}/accounts/{customer}/bills/{bill}/reissue",
            does(account::bill_actions_page, account::reissue_bill),
        ),
        (
            "/clouds/{cloud}/accounts/{customer}/bills/{bill}/write-off",
            does(account::bill_actions_page, account::write_off_bill),
        ),
        ("/clouds/{cloud}/accounts/{customer}/balance", looks(|at| customer::balance_page(at.customers()))),
        (
            "/clouds/{cloud}/accounts/{customer}/balance/payments/{payment}",
            looks(|at| customer::payment_page(at.customers())),
        ),
        ("/clouds/{cloud}/accounts/{customer}/credits", looks(|at| customer::credits_page(at.customers()))),
        ("/clouds/{cloud}/accounts/{customer}/orders", looks(|at| customer::orders_page(at.customers()))),
    ]
}
