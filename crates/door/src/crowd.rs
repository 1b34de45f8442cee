//! How many connections one client may have at once, so that it cannot take all of them.
//!
//! A client is an IPv4 address, or the /64 of an IPv6 address: whoever has one address of such a network has them all.
//! This is looked at once for each connection, never for a request, so a lock is good enough.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who is here, by client.
pub struct Crowd {
    /// Most connections of one client; 0 for any number.
    most: usize,
    here: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of one connection, given back on drop.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    client: IpAddr,
}

impl Crowd {
    /// Nobody is here yet; `most` is the bound for each client, 0 for none.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            here: Mutex::default(),
        })
    }

    /// A place for a connection from this address; none when its client has as many as it may.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let client = client(address);
        let mut here = self.here();
        let count = here.entry(client).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            crowd: Arc::clone(self),
            client,
        })
    }

    /// A panic while the lock is held cannot leave a count half changed.
    fn here(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.crowd.here();
        if let Some(count) = here.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                here.remove(&self.client);
            }
        }
    }
}

fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_apart() {
        let check = |address: &str, expected: &str| {
            let client = client(address.parse().unwrap());
            assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{address}");
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("2001:db8:1:2::", "2001:db8:1:2::");
        check("2001:db8:1:3::1", "2001:db8:1:3::");
    }

    #[test]
    fn a_client_has_as_many_places_as_it_may() {
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let crowd = Crowd::new(2);
        let places = [crowd.admit(one), crowd.admit(one)];
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.admit(one).is_none());
        assert!(crowd.admit(other).is_some());
        drop(places);
        assert!(crowd.here().is_empty());
        assert!(crowd.admit(one).is_some());
    }

    #[test]
    fn no_bound_is_no_bound() {
        let crowd = Crowd::new(0);
        let address = "192.0.2.1".parse().unwrap();
        let places: Vec<_> = (0..5000).map(|_| crowd.admit(address).unwrap()).collect();
        drop(places);
        assert!(crowd.here().is_empty());
    }
}
