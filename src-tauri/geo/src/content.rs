//! Networks whose addresses are edges that deliver other people's pages: they answer HTTP on every address and proxy
//! nothing for strangers.

/// The networks by their numbers (AS), as their operators publish them. A network that rents out machines too, such as
/// those of the large clouds, is not among them: a machine there may well be a proxy.
const CONTENT_NETWORKS: [u32; 14] = [
    13335,  // Cloudflare
    132892, // Cloudflare, the Asian part
    209242, // Cloudflare, spectrum
    54113,  // Fastly
    12222,  // Akamai
    16625,  // Akamai
    20940,  // Akamai
    15133,  // Edgio
    22822,  // Edgio, formerly Limelight
    19551,  // Imperva
    30148,  // Sucuri
    60068,  // CDN77
    200325, // bunny.net
    199524, // Gcore
];

/// Whether a network delivers pages and nothing else.
#[must_use]
pub fn is_content_network(asn: u32) -> bool {
    CONTENT_NETWORKS.contains(&asn)
}
