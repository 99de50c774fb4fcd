//! What a customer sees and does: `/c/{cloud}/{account}/…`, in the order of the side bar, over the same use cases as the API.
//!
//! A page is a function of what is asked (`Ask`) to what stands on it (`Page`); a deed is a function of it to where the browser goes next. Both
//! only ever see an account that is the visitor's: another one is not there.

mod ask;
mod balance;
mod balance_days;
mod bill;
mod bills;
mod budgets;
mod charge;
mod cost_page;
mod costs;
mod credits;
mod help;
mod notices;
mod orders;
mod overview;
mod payment;
mod people;
mod resources;
mod settings;
mod shared;
mod standing;
mod top_up;

pub(crate) use ask::{Ask, account_address};
pub(crate) use balance::page as balance_page;
pub(crate) use balance_days::currency_of;
pub(crate) use bill::{file as bill_file, page as bill_page};
pub(crate) use bills::page as bills_page;
pub(crate) use charge::page as charge_page;
pub(crate) use cost_page::{export as cost_export, page as cost_page};
pub(crate) use credits::page as credits_page;
pub(crate) use orders::page as orders_page;
pub(crate) use resources::page as resources_page;
pub(crate) use top_up::payment_page;

use crate::Console;
use crate::web::asked::BODY_BYTES_MAX;
use crate::web::door::{does, fetches, previews, shows};
use axum::Router;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// The pages in the order of the side bar: what each is called in the texts, and where it is.
pub(crate) const PAGES: [(&str, &str); 9] = [
    ("nav.overview", ""),
    ("nav.costs", "/costs"),
    ("nav.resources", "/resources"),
    ("nav.bills", "/bills"),
    ("nav.balance", "/balance"),
    ("nav.payment", "/payment"),
    ("nav.credits", "/credits"),
    ("nav.orders", "/orders"),
    ("nav.settings", "/settings"),
];

pub(crate) fn router() -> Router<Arc<Console>> {
    let routes = routes().into_iter().zip(addresses());
    routes.fold(Router::new(), |router, ((_, method), address)| router.route(&address, method))
}

/// Where they are, with names in braces.
pub(crate) fn addresses() -> Vec<String> {
    routes().iter().map(|(rest, _)| format!("/c/{{cloud}}/{{account}}{rest}")).collect()
}

fn routes() -> Vec<(&'static str, MethodRouter<Arc<Console>>)> {
    vec![
        ("", shows(overview::page)),
        ("/costs", shows(cost_page::page)),
        ("/costs/export", fetches(cost_page::export)),
        ("/costs/mail", does(cost_page::page, cost_page::mail)),
        ("/charges/{charge}", shows(charge::page)),
        ("/resources", shows(resources::page)),
        ("/resources/{resource}/stop", shows(resources::stop_page).merge(does(resources::stop_page, resources::stop))),
        ("/bills", shows(bills::page)),
        ("/bills/invoices", does(bills::page, bills::request_invoice)),
        ("/bills/invoices/{request}/withdraw", does(bills::page, bills::withdraw_invoice)),
        ("/bills/{bill}", shows(bill::page)),
        ("/bills/{bill}/{file}", fetches(bill::file)),
        ("/bills/{bill}/pay", does(bill::page, bill::pay)),
        ("/bills/{bill}/dispute", does(bill::page, bill::dispute)),
        ("/balance", shows(balance::page)),
        ("/balance/top-up", shows(top_up::page).merge(does(top_up::page, top_up::pay))),
        ("/balance/payments/{payment}", shows(top_up::payment_page)),
        ("/balance/payments/{payment}/pretend", does(top_up::payment_page, top_up::pretend)),
        ("/balance/refund", shows(balance::refund_page).merge(does(balance::refund_page, balance::refund))),
        ("/payment", shows(payment::page)),
        ("/payment/methods", does(payment::page, payment::add)),
        ("/payment/methods/{method}/default", does(payment::page, payment::make_default)),
        ("/payment/methods/{method}/remove", does(payment::page, payment::remove)),
        ("/payment/refill", does(payment::page, payment::refill)),
        ("/payment/collect", does(payment::page, payment::collect)),
        ("/credits", shows(credits::page)),
        ("/credits/redeem", does(credits::page, credits::redeem)),
        ("/orders", shows(orders::page)),
        ("/orders/{subscription}/expiry", does(orders::page, orders::expiry)),
        ("/orders/{subscription}/end", shows(orders::end_page).merge(does(orders::end_page, orders::end))),
        ("/help/{page}", shows(help::page)),
        ("/settings", shows(settings::page)),
        ("/settings/company", does(settings::page, settings::company)),
        ("/settings/contact", does(settings::page, settings::contact)),
        ("/settings/alerts", does(settings::page, settings::alerts)),
        ("/settings/limits", does(settings::page, settings::limits)),
        ("/settings/budgets", does(settings::page, budgets::set)),
        ("/settings/budgets/drop", does(settings::page, budgets::remove)),
        ("/settings/people", does(settings::page, people::invite)),
        ("/settings/people/{person}", shows(people::page)),
        ("/settings/people/{person}/role", does(people::page, people::set_role)),
        ("/settings/people/{person}/remove", does(people::page, people::remove)),
        ("/settings/people/{person}/link", previews(people::page, people::link, BODY_BYTES_MAX)),
        ("/settings/notices", shows(notices::page).merge(does(notices::page, notices::set))),
    ]
}
