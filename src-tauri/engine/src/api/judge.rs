//! A judge of one's own: a public server that tells whoever asks what arrived.

use std::net::SocketAddr;

use proxydeck_wire::{JudgeServer, serve_judge, server_config};
use tokio_util::sync::CancellationToken;

use super::ApiError;
use super::dto::ErrorCode;

/// A judge that listens.
#[derive(Debug)]
pub struct Judge(JudgeServer);

impl Judge {
    /// Listens on an address; port 0 takes a free one. `tls` is a certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// [`ErrorCode::Invalid`] when the certificate or the address cannot be used.
    pub async fn listen(address: SocketAddr, tls: Option<(Vec<u8>, Vec<u8>)>) -> Result<Self, ApiError> {
        let tls = tls
            .map(|(chain, key)| server_config(&chain, &key))
            .transpose()
            .map_err(|error| ApiError::invalid("tls", format!("The judge cannot speak TLS: {error}.")))?;
        let server = JudgeServer::bind(address, tls).await.map_err(|error| {
            ApiError::new(ErrorCode::Invalid, format!("The judge cannot listen on {address}: {}.", error.why))
                .hint("Choose another address or port; ports under 1024 need rights of their own.")
                .param("what", address.to_string())
        })?;
        Ok(Self(server))
    }

    /// The address under which it is asked.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Answers until it is stopped.
    pub async fn serve(self, stop: CancellationToken) {
        serve_judge(self.0, stop).await;
    }
}
