//! Reading collections of older programs, whatever their ids are.

use async_trait::async_trait;
use dzinza_ports::{Legacy, LegacyRow, StoreError, StoreErrorKind};
use futures::TryStreamExt as _;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document as Bsons, doc};
use mongodb::{Client, Database};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::address::MongoAddress;
use crate::error::{invalid, store_error};
use crate::shape::value;

/// The types of ids in MongoDB's own order, and how a position in each begins.
const KINDS: [(&str, char); 3] = [("string", 's'), ("binData", 'b'), ("objectId", 'o')];

/// A database of older programs on MongoDB. Connects when it is first asked, and only reads.
pub struct MongoLegacy {
    address: MongoAddress,
    database: OnceCell<Database>,
}

impl MongoLegacy {
    /// What is at this address.
    pub fn new(address: MongoAddress) -> Self {
        Self { address, database: OnceCell::new() }
    }

    async fn database(&self) -> Result<&Database, StoreError> {
        let connect = || async {
            let client = Client::with_options(self.address.options().await?)?;
            Ok(client.database(self.address.database()))
        };
        self.database.get_or_try_init(connect).await.map_err(store_error)
    }
}

#[async_trait]
impl Legacy for MongoLegacy {
    async fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let database = self.database().await?;
        let mut tables = Vec::new();
        let mut names = database.list_collection_names().await.map_err(store_error)?;
        names.retain(|name| !name.starts_with("system."));
        names.sort_unstable();
        for name in names {
            let rows =
                database.collection::<Bsons>(&name).count_documents(doc! {}).await.map_err(store_error)?;
            tables.push((name, rows));
        }
        Ok(tables)
    }

    async fn rows(&self, table: &str, after: Option<&str>, limit: u32) -> Result<Vec<LegacyRow>, StoreError> {
        let collection = self.database().await?.collection::<Bsons>(table);
        let mut rows = Vec::new();
        for filter in behind(after)? {
            let left = i64::from(limit).saturating_sub(rows.len() as i64);
            if left == 0 {
                break;
            }
            let found =
                collection.find(filter).sort(doc! { "_id": 1 }).limit(left).await.map_err(store_error)?;
            let found: Vec<Bsons> = found.try_collect().await.map_err(store_error)?;
            for document in found {
                rows.push(row(table, document)?);
            }
        }
        Ok(rows)
    }
}

/// What comes behind a position: the rest of its type, and the types that come after it.
fn behind(after: Option<&str>) -> Result<Vec<Bsons>, StoreError> {
    let whole = |kind: &str| doc! { "_id": { "$type": kind } };
    let Some(after) = after else { return Ok(KINDS.iter().map(|(kind, _)| whole(kind)).collect()) };
    let bad = || invalid("a position of another source");
    let mut letters = after.chars();
    let letter = letters.next().ok_or_else(bad)?;
    let at = KINDS.iter().position(|(_, own)| *own == letter).ok_or_else(bad)?;
    let id = match (letter, letters.as_str()) {
        ('s', text) => Bson::String(text.to_owned()),
        ('o', text) => Bson::ObjectId(ObjectId::parse_str(text).map_err(|_| bad())?),
        (_, text) => Bson::Binary(binary(text).ok_or_else(bad)?),
    };
    let mut filters = vec![doc! { "_id": { "$gt": id } }];
    filters.extend(KINDS.iter().skip(at + 1).map(|(kind, _)| whole(kind)));
    Ok(filters)
}

/// Bytes as `subtype:hex`.
fn binary(text: &str) -> Option<Binary> {
    let (subtype, hex) = text.split_once(':')?;
    let pairs =
        hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Some(Binary {
        subtype: BinarySubtype::from(subtype.parse::<u8>().ok()?),
        bytes: pairs.collect::<Option<_>>()?,
    })
}

fn row(table: &str, document: Bsons) -> Result<LegacyRow, StoreError> {
    let id = document.get("_id").cloned().unwrap_or(Bson::Null);
    let position = match &id {
        Bson::String(text) => format!("s{text}"),
        Bson::ObjectId(id) => format!("o{}", id.to_hex()),
        Bson::Binary(binary) => {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            let hex: String =
                binary.bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
            format!("b{}:{hex}", u8::from(binary.subtype))
        }
        _ => return Err(StoreError::new(StoreErrorKind::Corrupt, format!("an id in {table}"))),
    };
    let Value::String(id) = value(id, true) else {
        return Err(StoreError::new(StoreErrorKind::Corrupt, format!("an id in {table}")));
    };
    let body = document.into_iter().map(|(name, bson)| (name, value(bson, true))).collect();
    Ok(LegacyRow { position, id, body })
}
