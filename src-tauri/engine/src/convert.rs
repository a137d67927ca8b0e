//! The domain's words as the surfaces carry them, and back. One type per edge: nothing is decided here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proxydeck_domain::{
    Anonymity, Answer, Attempt, Capability, CertificateSeen, Hints, Protocol, Reason, Score, Stage, Status,
    TrustFlag, TrustFlags,
};
use proxydeck_geo::{Geo, is_content_network};
use proxydeck_reader::Format;
use proxydeck_store::{SourceKind, SourcePause, SourceVisit, VisitOutcome};

use crate::api::dto::{
    AnonymityDto, AttemptDto, CapabilityAnswerDto, CapabilityDto, CertificateDto, ListFormatDto, LocationDto,
    ProtocolDto, ReasonDto, RefusedCountDto, ScoreDto, SourceKindDto, SourcePauseDto, StageDto, StageTimeDto,
    StatusDto, TrustFlagDto, VisitDto, VisitOutcomeDto,
};
use crate::escape::{escape, escape_cut};

macro_rules! twins {
    ($domain:ident, $dto:ident: $($variant:ident)+) => {
        impl From<$domain> for $dto {
            fn from(value: $domain) -> Self {
                match value { $($domain::$variant => Self::$variant,)+ }
            }
        }

        impl From<$dto> for $domain {
            fn from(value: $dto) -> Self {
                match value { $($dto::$variant => Self::$variant,)+ }
            }
        }
    };
}

twins!(Status, StatusDto: Active New Inactive Failed Retired);
twins!(Protocol, ProtocolDto: Http Https Socks4 Socks5);
twins!(Anonymity, AnonymityDto: Elite Anonymous Transparent Unknown);
twins!(Capability, CapabilityDto: Http Connect Socks4 Socks4a Socks5 Socks5h Tls Ipv6);
twins!(TrustFlag, TrustFlagDto: TlsIntercepted Tampered WrongAnswer RewritesHeaders ProxyCertUnverified);
twins!(Stage, StageDto: Resolve Dial Handshake Tunnel Tls Request Answer);
twins!(Reason, ReasonDto:
    Refused Unreachable Unresolved NotPublic DialTimeout Reset Closed HandshakeTimeout NotAProxy Rejected
    AuthRequired AuthFailed TlsFailed TlsIntercepted AnswerTimeout AnswerMalformed AnswerEncoded AnswerTooLarge
    WrongAnswer Tampered Redirected LocalError JudgeDown Cancelled
);

twins!(Format, ListFormatDto: Text Csv Json Jsonl Html Xml Yaml Pac Base64);
twins!(SourceKind, SourceKindDto: Web File Text);
twins!(SourcePause, SourcePauseDto: NothingWorks Unreadable);
twins!(VisitOutcome, VisitOutcomeDto: Changed Unchanged NotModified Empty WrongPage Failed);

/// A visit to a source.
pub(crate) fn visit_dto(visit: &SourceVisit) -> VisitDto {
    let refused: BTreeMap<String, u32> =
        visit.refused.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    VisitDto {
        at: visit.at,
        took_ms: visit.took_ms,
        outcome: visit.outcome.into(),
        failure: visit.failure.clone(),
        code: visit.code,
        bytes: u64::from(visit.bytes),
        format: visit.format.as_deref().and_then(|word| word.parse::<Format>().ok()).map(Into::into),
        read: visit.read,
        accepted: visit.accepted,
        new: visit.new,
        gone: visit.gone,
        duplicates: visit.duplicates,
        refused: ranked(refused),
        working: visit.working,
    }
}

/// Counts of words, the most frequent first; equal ones in the order of the words.
pub(crate) fn ranked(counts: impl IntoIterator<Item = (String, u32)>) -> Vec<RefusedCountDto> {
    let mut ranked: Vec<_> =
        counts.into_iter().map(|(reason, count)| RefusedCountDto { reason, count }).collect();
    ranked.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.reason.cmp(&other.reason)));
    ranked
}

/// A set of protocols in the order in which columns show them.
pub(crate) fn protocols(hints: Hints) -> Vec<ProtocolDto> {
    hints.iter().map(ProtocolDto::from).collect()
}

/// A set of trust flags, the worst first.
pub(crate) fn trust(flags: TrustFlags) -> Vec<TrustFlagDto> {
    flags.iter().map(TrustFlagDto::from).collect()
}

/// The answer to one question.
pub(crate) fn answer(capability: Capability, answer: &Answer) -> CapabilityAnswerDto {
    CapabilityAnswerDto {
        capability: capability.into(),
        ok: answer.ok,
        latency_ms: answer.latency_ms,
        reason: answer.reason.map(ReasonDto::from),
        code: answer.code,
        port: answer.port,
        over_tls: answer.over_tls,
    }
}

impl From<Score> for ScoreDto {
    fn from(score: Score) -> Self {
        Self {
            total: score.total,
            success: score.success,
            latency: score.latency,
            stability: score.stability,
            anonymity: score.anonymity,
        }
    }
}

/// Where an address lies; the name of an organisation is a stranger's.
pub(crate) fn location(geo: &Geo, ip: Option<IpAddr>) -> LocationDto {
    let network = ip.and_then(|ip| geo.network(ip));
    LocationDto {
        country: ip.and_then(|ip| geo.country(ip)).map(|country| country.to_string()),
        asn: network.as_ref().map(|network| network.asn),
        content_network: network.as_ref().is_some_and(|network| is_content_network(network.asn)),
        organisation: network.and_then(|network| network.organisation).as_deref().map(escape_cut),
    }
}

/// A certificate; its names are a stranger's.
pub(crate) fn certificate(seen: &CertificateSeen) -> CertificateDto {
    CertificateDto {
        issuer: escape_cut(&seen.issuer),
        subject: escape_cut(&seen.subject),
        sha256: escape(&seen.sha256),
    }
}

/// One try at one capability; banners and header fields are a stranger's.
pub(crate) fn attempt(attempt: &Attempt) -> AttemptDto {
    AttemptDto {
        capability: attempt.capability.into(),
        judge: escape(&attempt.judge),
        stage: attempt.stage.into(),
        stages: attempt
            .times
            .iter()
            .map(|(stage, micros)| StageTimeDto { stage: stage.into(), ms: f64::from(micros) / 1000.0 })
            .collect(),
        reason: attempt.reason.map(ReasonDto::from),
        code: attempt.code,
        detail: attempt.detail.as_deref().map(escape_cut),
        latency_ms: attempt.latency_ms,
        exit_ip: attempt.exit.map(|exit| exit.to_string()),
        anonymity: attempt.finding.as_ref().map(|finding| finding.anonymity.into()),
        giveaway: attempt.finding.as_ref().and_then(|finding| finding.giveaway.as_deref()).map(escape_cut),
        received: attempt
            .received
            .iter()
            .map(|(name, value)| (escape_cut(name), escape_cut(value)))
            .collect(),
        rewritten: attempt.rewritten.iter().map(|name| escape_cut(name)).collect(),
        certificate: attempt.certificate.as_ref().map(certificate),
    }
}
