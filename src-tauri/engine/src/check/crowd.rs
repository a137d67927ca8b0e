//! Addresses that crowd lists: one with dozens of ports, and the edges of content networks. A quarter of what lists hold
//! is of the first kind, and next to nothing of either works. So a sample of each crowd is checked first, and the rest
//! only where something of the sample works. Pure: what is known of an address comes in as an argument.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use proxydeck_domain::{Host, is_public};

use super::Job;

/// From so many ports on, an address is a crowd: of 158,000 endpoints, 90 addresses with more made up a quarter.
const CROWD: usize = 50;
/// From so many endpoints on, those of one content network are a crowd. They answer HTTP and proxy nothing.
const EDGES: usize = 20;
/// The share of a crowd that is its sample, and its bounds: a working gateway shows itself in five of its ports, and
/// a range in which one of twenty works is worth the dials.
const SAMPLE_PART: usize = 10;
const SAMPLE: std::ops::RangeInclusive<usize> = 5..=20;

/// What makes a crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Of {
    Address(IpAddr),
    Network(u32),
}

/// The part of a crowd that waits for what its sample shows.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// The numbers of the sample.
    pub(crate) sample: HashSet<i64>,
    pub(crate) rest: Vec<Job>,
}

/// Takes the crowds out of jobs, whose order stays: what is to be checked first, with the sample of each crowd in it,
/// and what waits. `content_network` is the number of the content network in which an address lies; whoever `works`
/// is never left out.
pub(crate) fn sample(
    jobs: Vec<Job>,
    content_network: impl Fn(IpAddr) -> Option<u32>,
    works: impl Fn(i64) -> bool,
) -> (Vec<Job>, Vec<Crowd>) {
    let of = |job: &Job| {
        let ip = match job.proxy.endpoint.host() {
            Host::V4(v4) => IpAddr::V4(*v4),
            Host::V6(v6) => IpAddr::V6(*v6),
            Host::Name(_) => return None,
        };
        // In a network of one's own, many ports on a machine are somebody's purpose. So are accounts.
        let counts = is_public(ip) && job.proxy.account.is_none() && !works(job.id);
        counts.then(|| content_network(ip).map_or(Of::Address(ip), Of::Network))
    };
    let mut members: HashMap<Of, Vec<usize>> = HashMap::new();
    for (at, job) in jobs.iter().enumerate() {
        if let Some(of) = of(job) {
            members.entry(of).or_default().push(at);
        }
    }
    members.retain(|of, members| members.len() > if matches!(of, Of::Network(_)) { EDGES } else { CROWD });
    if members.is_empty() {
        return (jobs, Vec::new());
    }
    let mut crowds = Vec::with_capacity(members.len());
    let mut crowd_of: HashMap<usize, usize> = HashMap::new();
    for members in members.into_values() {
        let size = (members.len() / SAMPLE_PART).clamp(*SAMPLE.start(), *SAMPLE.end());
        // Spread over the whole, since ports that belong together stand together.
        let sample: HashSet<usize> = (0..size).map(|n| members[n * members.len() / size]).collect();
        for at in members.iter().filter(|at| !sample.contains(at)) {
            crowd_of.insert(*at, crowds.len());
        }
        crowds.push(Crowd { sample: sample.iter().map(|at| jobs[*at].id).collect(), rest: Vec::new() });
    }
    let mut first = Vec::with_capacity(jobs.len() - crowd_of.len());
    for (at, job) in jobs.into_iter().enumerate() {
        match crowd_of.get(&at) {
            Some(crowd) => crowds[*crowd].rest.push(job),
            None => first.push(job),
        }
    }
    (first, crowds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

    use proxydeck_domain::{Account, Hints, Proxy, Secret};

    use super::*;

    fn jobs(endpoints: impl IntoIterator<Item = String>) -> Vec<Job> {
        (1..)
            .zip(endpoints)
            .map(|(id, endpoint)| Job {
                id,
                proxy: Proxy::open(endpoint.parse().unwrap()),
                hints: Hints::NONE,
            })
            .collect()
    }

    fn ports(host: &str, count: u16) -> impl Iterator<Item = String> {
        (0..count).map(move |n| format!("{host}:{}", 1000 + n))
    }

    fn sampled(jobs: Vec<Job>) -> (usize, Vec<(usize, usize)>) {
        let (first, crowds) = sample(jobs, |_| None, |_| false);
        let sizes = crowds.iter().map(|crowd| (crowd.sample.len(), crowd.rest.len())).collect();
        (first.len(), sizes)
    }

    #[test]
    fn an_address_with_many_ports_is_sampled() {
        let all = ports("5.6.7.8", 200).chain(ports("9.9.9.9", 50));
        assert_eq!(sampled(jobs(all)), (70, vec![(20, 180)]), "50 ports are no crowd yet");
        let (first, crowds) = sample(jobs(ports("5.6.7.8", 60)), |_| None, |_| false);
        let sample_ports: Vec<u16> = first.iter().map(|job| job.proxy.endpoint.port()).collect();
        assert_eq!(sample_ports, [1000, 1010, 1020, 1030, 1040, 1050], "spread over all of them");
        assert!(first.iter().all(|job| crowds[0].sample.contains(&job.id)));
    }

    #[test]
    fn what_is_somebodys_own_is_checked_whole() {
        assert_eq!(sampled(jobs(ports("127.0.0.1", 200))), (200, vec![]), "a private address");
        assert_eq!(sampled(jobs(ports("gate.example.com", 200))), (200, vec![]), "a gateway by its name");
        let mut with_accounts = jobs(ports("5.6.7.8", 200));
        for job in &mut with_accounts {
            job.proxy.account = Some(Account { user: "ann".to_owned(), secret: Secret::new("x") });
        }
        assert_eq!(sampled(with_accounts), (200, vec![]), "paid for");
    }

    #[test]
    fn what_works_is_never_left_out() {
        let (first, crowds) = sample(jobs(ports("5.6.7.8", 100)), |_| None, |id| id <= 45);
        assert_eq!((first.len(), crowds[0].rest.len()), (45 + 5, 50));
    }

    #[test]
    fn the_edges_of_a_content_network_are_one_crowd() {
        let edges = (1..=100).map(|n| format!("104.16.0.{n}:80"));
        let others = (1..=100).map(|n| format!("5.6.7.{n}:80"));
        let network = |ip: IpAddr| matches!(ip, IpAddr::V4(v4) if v4.octets()[0] == 104).then_some(13335);
        let (first, crowds) = sample(jobs(edges.chain(others)), network, |_| false);
        assert_eq!((first.len(), crowds.len(), crowds[0].rest.len()), (110, 1, 90));
    }
}
