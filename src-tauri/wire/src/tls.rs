//! TLS towards judges: one configuration for all connections, and certificates that are always verified.
//!
//! An interceptor's certificate is evidence, so the handshake itself accepts any and the chain is verified
//! right after it, before a byte of a request is sent. What did not verify is kept.

use std::fmt;
use std::sync::Arc;

use proxydeck_domain::CertificateSeen;
use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

/// What is wrong with certificates or keys that were given to us.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is no PEM, or holds none of what is needed.
    #[error("{what} could not be read: {why}")]
    Pem {
        /// What was to be read.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// rustls does not take it.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// TLS towards judges.
pub struct ClientTls {
    connector: TlsConnector,
    verifier: Arc<WebPkiServerVerifier>,
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}

impl ClientTls {
    /// Trusts the roots of the web and, where given, the certificates in `extra_ca` (PEM).
    ///
    /// # Errors
    /// [`TlsError`] when `extra_ca` holds no certificate.
    pub fn new(extra_ca: Option<&[u8]>) -> Result<Self, TlsError> {
        let roots = roots(extra_ca, "the judge's CA")?;
        let provider = Arc::new(provider::default_provider());
        let setup = |e: &dyn fmt::Display| TlsError::Setup(e.to_string());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|e| setup(&e))?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| setup(&e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptForNow { provider }))
            .with_no_client_auth();
        // A resumed session shows no certificate, and every check must see one.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), verifier })
    }

    pub(crate) const fn connector(&self) -> &TlsConnector {
        &self.connector
    }

    /// Verifies the chain that was shown; on failure says what was shown instead.
    pub(crate) fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), (String, Option<CertificateSeen>)> {
        let Some((leaf, intermediates)) = chain.split_first() else {
            return Err(("no certificate was shown".to_owned(), None));
        };
        self.verifier
            .verify_server_cert(leaf, intermediates, name, &[], now)
            .map(|_| ())
            .map_err(|error| (error.to_string(), Some(seen(leaf))))
    }
}

/// The roots of the web and, where given, the certificates in `extra` (PEM); `what` names those.
pub(crate) fn roots(extra: Option<&[u8]>, what: &'static str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = extra {
        let mut added = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let bad = |why: String| TlsError::Pem { what, why };
            roots.add(certificate.map_err(|e| bad(e.to_string()))?).map_err(|e| bad(e.to_string()))?;
            added += 1;
        }
        if added == 0 {
            return Err(TlsError::Pem { what, why: "it holds no certificate".to_owned() });
        }
    }
    Ok(roots)
}

/// What is kept of a certificate.
fn seen(leaf: &CertificateDer<'_>) -> CertificateSeen {
    let sha256 = digest(&SHA256, leaf).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    match x509_parser::parse_x509_certificate(leaf) {
        Ok((_, certificate)) => CertificateSeen {
            issuer: certificate.issuer().to_string(),
            subject: certificate.subject().to_string(),
            sha256,
        },
        Err(_) => CertificateSeen { issuer: String::new(), subject: String::new(), sha256 },
    }
}

/// Checks that the other side holds the key of what it shows, and leaves whether to trust it to
/// [`ClientTls::verify`].
#[derive(Debug)]
struct AcceptForNow {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AcceptForNow {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// TLS for our own judge, from a certificate chain and its key (both PEM).
///
/// # Errors
/// [`TlsError`] when either cannot be read, or they do not belong together.
pub fn server_config(chain: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|e| TlsError::Pem { what: "the certificate", why: e.to_string() })?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|e| TlsError::Pem { what: "the key", why: e.to_string() })?;
    let config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Setup(e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| TlsError::Setup(e.to_string()))?;
    Ok(Arc::new(config))
}
