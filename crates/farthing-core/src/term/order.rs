//! What becomes of an order: the one place that says which step may follow which.

use std::fmt;

crate::id_kind!(OrderId, OrderIdKind, "ord");

/// What an order is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderKind {
    New,
    /// The next period of what runs.
    Renew,
    /// Another plan, or another quantity, of what runs.
    Change,
}

/// Where what was ordered for a time stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriptionState {
    /// Paid, and not there yet.
    Pending,
    Running,
    /// Switched off by its owner: it goes on costing.
    Stopped,
    /// Its time stands still.
    Paused,
    /// Stopped by us, because its bill is past due: it goes on costing, and is not renewed.
    Suspended,
    /// Its time is over, and nobody renewed it.
    Expired,
    /// It was ended, or its order was voided.
    Ended,
    /// From here on it is used and paid as another product.
    Converted,
}

impl OrderKind {
    pub const ALL: [OrderKind; 3] = [OrderKind::New, OrderKind::Renew, OrderKind::Change];

    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::New => "new",
            OrderKind::Renew => "renew",
            OrderKind::Change => "change",
        }
    }

    pub fn parse(name: &str) -> Option<OrderKind> {
        OrderKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl SubscriptionState {
    pub const ALL: [SubscriptionState; 8] = [
        SubscriptionState::Pending,
        SubscriptionState::Running,
        SubscriptionState::Stopped,
        SubscriptionState::Paused,
        SubscriptionState::Suspended,
        SubscriptionState::Expired,
        SubscriptionState::Ended,
        SubscriptionState::Converted,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            SubscriptionState::Pending => "pending",
            SubscriptionState::Running => "running",
            SubscriptionState::Stopped => "stopped",
            SubscriptionState::Paused => "paused",
            SubscriptionState::Suspended => "suspended",
            SubscriptionState::Expired => "expired",
            SubscriptionState::Ended => "deleted",
            SubscriptionState::Converted => "converted",
        }
    }

    pub fn parse(name: &str) -> Option<SubscriptionState> {
        SubscriptionState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing more is billed of it.
    pub const fn is_over(self) -> bool {
        match self {
            SubscriptionState::Expired | SubscriptionState::Ended | SubscriptionState::Converted => true,
            SubscriptionState::Pending
            | SubscriptionState::Running
            | SubscriptionState::Stopped
            | SubscriptionState::Paused
            | SubscriptionState::Suspended => false,
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// It waits to be paid, until its time is over (R16).
    Due,
    /// Paid; the cloud was told to make it.
    Provisioning,
    /// It is there, or what it changes is changed.
    Active,
    /// Nobody paid it in time.
    Expired,
    /// Its maker took it back before it was paid.
    Cancelled,
    /// The cloud could not make it: everything was given back (R83).
    Voided,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderEvent {
    /// All of it is paid, and something has to be made.
    Pay,
    /// All of it is paid, and that is all.
    PayAtOnce,
    Provisioned,
    /// It could not be made, or nobody said so in time.
    Fail,
    Expire,
    Cancel,
}

impl OrderState {
    pub const ALL: [OrderState; 6] = [
        OrderState::Due,
        OrderState::Provisioning,
        OrderState::Active,
        OrderState::Expired,
        OrderState::Cancelled,
        OrderState::Voided,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Due => "due",
            OrderState::Provisioning => "provisioning",
            OrderState::Active => "active",
            OrderState::Expired => "expired",
            OrderState::Cancelled => "cancelled",
            OrderState::Voided => "voided",
        }
    }

    pub fn parse(name: &str) -> Option<OrderState> {
        OrderState::ALL.into_iter().find(|state| state.name() == name)
    }

    /// None: this cannot happen to it where it stands.
    pub const fn after(self, event: OrderEvent) -> Option<OrderState> {
        use OrderEvent as E;
        use OrderState as S;
        match (self, event) {
            (S::Due, E::Pay) => Some(S::Provisioning),
            (S::Due, E::PayAtOnce) | (S::Provisioning, E::Provisioned) => Some(S::Active),
            (S::Due, E::Expire) => Some(S::Expired),
            (S::Due, E::Cancel) => Some(S::Cancelled),
            (S::Provisioning, E::Fail) => Some(S::Voided),
            (S::Due, E::Provisioned | E::Fail)
            | (S::Provisioning, E::Pay | E::PayAtOnce | E::Expire | E::Cancel)
            | (
                S::Active | S::Expired | S::Cancelled | S::Voided,
                E::Pay | E::PayAtOnce | E::Provisioned | E::Fail | E::Expire | E::Cancel,
            ) => None,
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
