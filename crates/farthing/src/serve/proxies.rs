//! Who asks, where everybody comes through a proxy: the addresses that only proxies of ours have, and what they say of whom they speak for.
//!
//! `X-Forwarded-For` is anybody's to write, so it is read from its end, and only as far as each who added to it is one of ours.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks whose addresses are proxies of ours.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Proxies(Vec<Network>);

/// `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Network {
    first: u128,
    mask: u128,
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Network, String> {
        let wrong = || format!("{text:?} is no network: write it like 10.0.0.0/8, or one address like 127.0.0.1");
        let (address, bits) =
            text.split_once('/').map_or((text.as_str(), None), |(address, bits)| (address, Some(bits)));
        let address = IpAddr::from_str(address).map_err(|_| wrong())?;
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width {
            return Err(wrong());
        }
        let mask = u128::MAX.checked_shl(width - bits).unwrap_or(0);
        Ok(Network { first: number(address) & mask, mask })
    }
}

impl Proxies {
    fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| number(address) & network.mask == network.first)
    }

    /// Who asks: the one at the other end, or whom our proxies say they speak for.
    fn asking(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let said: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
        let said = said.join(",");
        let mut asking = peer;
        let mut before = said.rsplit(',').map(address_in);
        while self.have(asking) {
            match before.next() {
                Some(Some(address)) => asking = address,
                // Nothing more is said, or nothing that can be read.
                _ => break,
            }
        }
        asking
    }
}

/// Puts whoever asks in the place of the proxy at the other end of the connection.
pub(super) async fn see_through(State(proxies): State<Arc<Proxies>>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let asking = proxies.asking(peer.ip(), request.headers());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(asking, peer.port())));
    }
    next.run(request).await
}

/// As one number: an IPv4 address is what it is when it is written as one of IPv6.
fn number(address: IpAddr) -> u128 {
    let wide: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    u128::from(wide)
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::7`, `[2001:db8::7]:4711`
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| SocketAddr::from_str(text).ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn asking(proxies: &[&str], peer: &str, said: &[&str]) -> String {
        let networks = proxies.iter().map(|text| Network::try_from((*text).to_owned()).unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in said {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        Proxies(networks).asking(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_our_own_proxies_are_believed_and_only_what_they_saw() {
        let ours = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
        let table: &[(&[&str], &str, &[&str], &str)] = &[
            (&[], "127.0.0.1", &["203.0.113.7"], "127.0.0.1"),
            (&ours, "198.51.100.2", &["203.0.113.7"], "198.51.100.2"), // nobody of ours says so
            (&ours, "127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            (&ours, "127.0.0.1", &["8.8.8.8, 203.0.113.7"], "203.0.113.7"), // the first is what they wrote themselves
            (&ours, "127.0.0.1", &["203.0.113.7, 10.1.2.3"], "203.0.113.7"), // two of ours in a row
            (&ours, "127.0.0.1", &["203.0.113.7", "10.1.2.3"], "203.0.113.7"),
            (&ours, "127.0.0.1", &["10.9.9.9, 10.1.2.3"], "10.9.9.9"), // somebody inside
            (&ours, "127.0.0.1", &["203.0.113.7, rubbish"], "127.0.0.1"),
            (&ours, "127.0.0.1", &[], "127.0.0.1"),
            (&ours, "::ffff:127.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            (&ours, "fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            (&["0.0.0.0/0"], "192.0.2.1", &["2001:db8::7"], "2001:db8::7"),
        ];
        for (proxies, peer, said, expected) in table {
            assert_eq!(asking(proxies, peer, said), *expected, "{proxies:?} {peer} {said:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in ["10.0.0.0/33", "10.0.0/8", "::/129", "proxy.example.com", "10.0.0.0/", ""] {
            let told = Network::try_from(text.to_owned()).unwrap_err();
            assert!(told.contains("10.0.0.0/8"), "{told}");
        }
    }
}
