//! Attempts to sign in are counted by whom they were for and where they came from. After some that failed each next
//! one has to wait, twice as long each time, at most a minute: nobody is locked out for good by somebody else.
//!
//! What is remembered is bounded: hashes of a fixed length, forgotten after a quarter of an hour, the oldest first
//! where there are too many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::time::{Span, Timestamp};

const FORGOTTEN_AFTER: Span = Span::from_minutes(15);
const MOST: usize = 4_096;
const FIRST_WAIT: Span = Span::from_seconds(5);
const LONGEST_WAIT: Span = Span::from_seconds(60);
/// So many are free: for one person from one place, for one person from anywhere, from one place for anybody.
const FREE_PAIR: u32 = 5;
const FREE_PERSON: u32 = 50;
const FREE_PLACE: u32 = 20;

/// What was tried of late. An attempt counts as failed until it is forgiven.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<String, Tried>>);

#[derive(Clone, Copy, Debug)]
struct Tried {
    count: u32,
    last: Timestamp,
}

/// An attempt under way.
#[derive(Debug)]
pub struct Attempt {
    pair: String,
    person: String,
    place: Option<String>,
}

impl Attempt {
    /// A peer on this very machine is a proxy, which stands for everybody: it is no place.
    fn new(email: &str, peer: Option<IpAddr>) -> Self {
        let email = email.trim().to_lowercase();
        let place = peer.filter(|address| !address.to_canonical().is_loopback()).map(network);
        let from = place.map(|address| address.to_string()).unwrap_or_default();
        Self {
            pair: sha256_hex(format!("pair\n{from}\n{email}").as_bytes()),
            person: sha256_hex(format!("person\n{email}").as_bytes()),
            place: place.map(|_| sha256_hex(format!("place\n{from}").as_bytes())),
        }
    }

    fn keys(&self) -> impl Iterator<Item = (&String, u32)> {
        let both = [(&self.pair, FREE_PAIR), (&self.person, FREE_PERSON)];
        both.into_iter().chain(self.place.iter().map(|place| (place, FREE_PLACE)))
    }
}

impl Attempts {
    /// Counts an attempt.
    ///
    /// # Errors
    /// How long to wait before the next one; this one is not counted.
    pub fn begin(&self, email: &str, peer: Option<IpAddr>, now: Timestamp) -> Result<Attempt, Span> {
        let attempt = Attempt::new(email, peer);
        let mut tried = self.lock();
        let waits = attempt.keys().filter_map(|(key, free)| tried.get(key)?.wait(free, now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (key, _) in attempt.keys() {
            make_room(&mut tried, now);
            let one = tried.entry(key.clone()).or_insert(Tried { count: 0, last: now });
            let count = if now.since(one.last) > FORGOTTEN_AFTER { 0 } else { one.count };
            *one = Tried { count: count.saturating_add(1), last: now };
        }
        Ok(attempt)
    }

    /// It was the right password.
    pub fn forgive(&self, attempt: &Attempt) {
        let mut tried = self.lock();
        tried.remove(&attempt.pair);
        tried.remove(&attempt.person);
        if let Some(place) = attempt.place.as_ref().and_then(|place| tried.get_mut(place)) {
            place.count = place.count.saturating_sub(1);
        }
    }

    /// Counts are whole whatever panicked elsewhere.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tried {
    fn wait(self, free: u32, now: Timestamp) -> Option<Span> {
        let over = self.count.checked_sub(free)?;
        let doubled = FIRST_WAIT.as_millis() << over.min(16);
        let wait = Span::from_millis(doubled).min(LONGEST_WAIT);
        let left = self.last.plus(wait).since(now);
        (left > Span::ZERO).then(|| left.min(wait))
    }
}

fn make_room(tried: &mut HashMap<String, Tried>, now: Timestamp) {
    if tried.len() < MOST {
        return;
    }
    tried.retain(|_, one| now.since(one.last) <= FORGOTTEN_AFTER);
    if tried.len() < MOST {
        return;
    }
    let oldest = tried.iter().min_by_key(|(_, one)| one.last).map(|(key, _)| key.clone());
    if let Some(key) = oldest {
        tried.remove(&key);
    }
}

/// One subscriber of IPv6 has a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn fails(attempts: &Attempts, count: u32, email: &str, from: &str) {
        for _ in 0..count {
            attempts.begin(email, peer(from), NOW).unwrap();
        }
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_is_forgotten() {
        let attempts = Attempts::default();
        let mut now = NOW;
        fails(&attempts, FREE_PAIR, "a@x.example", "192.0.2.1");
        for seconds in [5, 10, 20, 40, 60, 60] {
            let wait = attempts.begin(" A@x.example", peer("192.0.2.1"), now).unwrap_err();
            assert_eq!(wait, Span::from_seconds(seconds));
            now = now.plus(wait);
            attempts.begin("a@x.example", peer("192.0.2.1"), now).unwrap();
        }
        now = now.plus(FORGOTTEN_AFTER).plus(Span::from_seconds(1));
        for _ in 0..FREE_PAIR {
            attempts.begin("a@x.example", peer("192.0.2.1"), now).unwrap();
        }
    }

    #[test]
    fn somebody_elsewhere_still_signs_in_and_is_forgiven() {
        let attempts = Attempts::default();
        fails(&attempts, FREE_PAIR, "a@x.example", "192.0.2.1");
        let own = attempts.begin("a@x.example", peer("198.51.100.7"), NOW).unwrap();
        attempts.forgive(&own);
        attempts.begin("a@x.example", peer("192.0.2.1"), NOW).unwrap_err();
        fails(&attempts, FREE_PAIR, "a@x.example", "198.51.100.7");
    }

    #[test]
    fn one_place_may_not_try_everybody_but_a_proxy_is_no_place() {
        let attempts = Attempts::default();
        let everybody = |from: &str| {
            (0..100)
                .take_while(|number| attempts.begin(&format!("{number}@x.example"), peer(from), NOW).is_ok())
                .count()
        };
        assert_eq!(everybody("192.0.2.1"), FREE_PLACE as usize);
        assert_eq!(everybody("2001:db8:1:2::1"), FREE_PLACE as usize);
        assert_eq!(everybody("2001:db8:1:2::2"), 0, "the same /64");
        assert_eq!((everybody("127.0.0.1"), everybody("::1")), (100, 100));
    }

    #[test]
    fn one_person_is_not_guessed_from_many_places() {
        let attempts = Attempts::default();
        let admitted = (0..200)
            .take_while(|place| attempts.begin("a@x.example", peer(&format!("192.0.2.{place}")), NOW).is_ok())
            .count();
        assert_eq!(admitted, FREE_PERSON as usize);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for number in 0..MOST {
            drop(attempts.begin(&format!("{number}@x.example"), peer("127.0.0.1"), NOW));
        }
        assert!(attempts.lock().len() <= MOST);
    }
}
