//! The HTTP side of a proxy (RFC 9110, RFC 9112): who may ask, and what is forwarded. Tunnels are in `connect`.

use std::io;
use std::net::IpAddr;

use super::super::fault::Fault;
use super::super::http::{Answer, Head, absolute, authority, base64};
use super::super::net::DialError;
use super::super::peer::Peer;
use super::spec::{Account, Kind};
use super::{Proxy, connect, exchange};

/// Where redirects lead.
const ELSEWHERE: &str = "http://login.lab.invalid/";

/// Reads one request and answers it; every answer ends the connection.
pub(super) async fn speak(proxy: &Proxy, mut peer: Peer, client: IpAddr) -> io::Result<()> {
    let Some(bytes) = peer.head().await? else { return Ok(()) };
    let parsed = Head::parse(&bytes).and_then(|head| head.request_line().map(|line| (head, line)));
    let Some((head, line)) = parsed else { return refuse(&mut peer, 400, "This is no HTTP request.").await };
    match proxy.spec.fault {
        Some(Fault::Status(status @ 300..=399)) => {
            return say(&mut peer, page(status, "Elsewhere.").with("Location", ELSEWHERE)).await;
        }
        Some(Fault::Status(status)) => return refuse(&mut peer, status, "The lab says so.").await,
        Some(Fault::Edge) => {
            let answer = page(400, "No such host here.").with("Server", "CloudFront");
            return say(&mut peer, answer.with("X-Amz-Cf-Id", "bGFi")).await;
        }
        Some(Fault::Portal) => return say(&mut peer, portal()).await,
        Some(Fault::Redirect) => {
            let answer = Answer::new(302, "text/html", "<html><body>Moved.</body></html>\n");
            return say(&mut peer, answer.with("Location", ELSEWHERE)).await;
        }
        _ => {}
    }
    if let Some(account) = &proxy.spec.account
        && !opens(account, &head)
    {
        let answer = page(407, "An account is needed, or another than the one given.");
        return say(&mut peer, answer.with("Proxy-Authenticate", "Basic realm=\"lab\"")).await;
    }
    if line.method == "CONNECT" {
        return connect::speak(proxy, peer, &line.target, client).await;
    }
    if proxy.spec.kind == Kind::Connect {
        return refuse(&mut peer, 405, "This proxy only tunnels.").await;
    }
    let Some(target) = absolute(&line.target).filter(|target| target.scheme == "http") else {
        return refuse(&mut peer, 400, "A proxy is asked with an absolute address.").await;
    };
    let Some((host, port)) = authority(&target.authority, 80) else {
        return refuse(&mut peer, 400, "The address names no host.").await;
    };
    proxy.dawdle().await;
    match proxy.reach(&host, port, client).await {
        Ok(upstream) => {
            let mut request = head;
            request.line = format!("{} {} {}", line.method, target.path, line.version);
            request.set("Host", &target.authority);
            let upstream = Peer::new(upstream);
            exchange::forward(proxy, peer, upstream, request, client).await
        }
        Err(error) => refuse(&mut peer, status_of(error), "The address was not reached.").await,
    }
}

/// Answers with a status and a page that tells why, and ends the connection.
pub(super) async fn refuse(peer: &mut Peer, status: u16, why: &str) -> io::Result<()> {
    say(peer, page(status, why)).await
}

/// The status for a target that was not reached.
pub(super) fn status_of(error: DialError) -> u16 {
    match error {
        DialError::Forbidden => 403,
        DialError::Unresolved | DialError::Refused => 502,
        DialError::NoRoute | DialError::Unreachable => 503,
    }
}

async fn say(peer: &mut Peer, answer: Answer) -> io::Result<()> {
    peer.send(&answer.with("Connection", "close").to_bytes()).await?;
    peer.finish().await
}

fn page(status: u16, why: &str) -> Answer {
    Answer::new(status, "text/html", format!("<html><body><h1>{status}</h1><p>{why}</p></body></html>\n"))
}

/// The page of whoever wants to be seen first.
pub(super) fn portal() -> Answer {
    let page = "<html><head><title>Welcome</title></head><body><form action=\"/login\">\
                <p>Accept the terms to use this network.</p><input type=\"submit\"></form></body></html>\n";
    Answer::new(200, "text/html; charset=utf-8", page)
}

fn opens(account: &Account, head: &Head) -> bool {
    let given = head.get("Proxy-Authorization").and_then(|value| value.split_once(' '));
    let right = base64(format!("{}:{}", account.user, account.secret).as_bytes());
    given.is_some_and(|(scheme, coded)| scheme.eq_ignore_ascii_case("basic") && coded.trim() == right)
}
