//! Reading columns: a value that is not what it should be is its own error, with table, column and id.

use std::fmt::Display;
use std::str::FromStr;

use nearmiss_shared::time::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::error::StoreError;

/// A row with the table it came from.
pub(crate) struct Record<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r SqliteRow,
}

impl Record<'_> {
    fn fault(&self, column: &'static str, value: &str, why: impl Display) -> StoreError {
        let id = value.chars().take(60).collect();
        StoreError::Row { table: self.table, column, id, why: why.to_string() }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn number_or_none(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    /// A small count; a negative one reads as none.
    pub(crate) fn count(&self, column: &'static str) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.number(column)?).unwrap_or(0))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.number(column)? != 0)
    }

    pub(crate) fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.number(column)?))
    }

    pub(crate) fn instant_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let value: Option<i64> = self.row.try_get(column)?;
        Ok(value.map(Timestamp::from_millis))
    }

    /// An id or a word.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        let value = self.text(column)?;
        value.parse().map_err(|why| self.fault(column, &value, why))
    }

    pub(crate) fn parsed_or_none<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(value) = self.text_or_none(column)? else { return Ok(None) };
        value.parse().map(Some).map_err(|why| self.fault(column, &value, why))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let value = self.text(column)?;
        serde_json::from_str(&value).map_err(|why| self.fault(column, &value, why))
    }
}

/// A value as JSON text; types of this crate's rows always have one.
pub(crate) fn json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::Row {
        table,
        column: "document",
        id: String::new(),
        why: why.to_string(),
    })
}
