//! What the handlers see of the outside world: narrow traits, and the value types on them.
//!
//! A method of a port is an atomic unit. Absence is `Option`, never an error. Time and ids come from
//! [`Clock`] and [`Ids`], so that tests can hold them still. No port knows HTTP, SQL or a driver; every
//! adapter passes the suites of `dzinza-contract`.
#![warn(missing_docs)]

mod accounts;
pub mod adapting;
mod archives;
mod blobs;
mod documents;
mod error;
mod legacy;
mod limits;
mod mail;
mod queue;
mod time;
mod visible;

pub use accounts::{
    AccessToken, AccessTokens, Audit, AuditEntry, ERASURE_BEGUN, Given, Identities, Identity, Letter,
    NewUser, Outbox, OutgoingLetter, Passkey, Passkeys, RefreshToken, Role, Sessions, SiteRecord,
    SiteSettings, TokenHash, User, UserChange, UserFilter, UserOrder, UserPage, Users,
};
pub use archives::{AccountTable, Archives, Snapshot};
pub use blobs::{BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, Upload, UploadUrl, check_blob_key};
pub use documents::{Cursor, Direction, Documents, Filter, Query, Row, Sort, cursor_of, stream};
pub use dzinza_domain::store::{
    Batch, Body, Collection, Document, Field, FieldKind, Index, NewMessage, Write, field_value,
};
pub use error::{StoreError, StoreErrorKind};
pub use legacy::{Legacy, LegacyRow};
pub use limits::{Hits, Limits};
pub use mail::{Mail, Mailer};
pub use queue::{Message, Queue, QueueDepth};
pub use time::{Clock, Ids, SystemClock, SystemIds};
pub use visible::visible_imports;
