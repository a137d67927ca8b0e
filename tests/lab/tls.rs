//! Certificate authorities made for one world, and what they sign. Keys are fresh each time: no seed decides them.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority and the server configurations that it has signed.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    signed: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    /// Makes an authority with a common name of its own.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.distinguished_name.push(DnType::OrganizationName, "Proxydeck lab");
        params.key_usages.extend([KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            signed: Mutex::default(),
        })
    }

    /// The authority's certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A server configuration whose certificate is good for these hosts (names or addresses); the same hosts get the
    /// same one again.
    pub(crate) fn server(&self, hosts: &[String]) -> io::Result<Arc<ServerConfig>> {
        let key = hosts.join(" ");
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = signed.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.sign(hosts)?);
        signed.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn sign(&self, hosts: &[String]) -> io::Result<ServerConfig> {
        let mut params = CertificateParams::new(hosts.to_vec()).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, hosts.first().map_or("", String::as_str));
        params.use_authority_key_identifier_extension = true;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone(), self.certificate.clone()], secret)
            .map_err(io::Error::other)
    }

    /// A client configuration that trusts this authority alone.
    pub(crate) fn client(&self) -> io::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// The host of a certificate for an address.
pub(crate) fn host_of(address: IpAddr) -> String {
    address.to_string()
}
