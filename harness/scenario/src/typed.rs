//! Types that serde knows, read from a [`Node`], so that an error points at the very part that is wrong.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::diagnostics::{Diagnostics, Place};
use crate::node::{Content, Key, Node};

/// Reads a value; what is wrong with it is added to `out`.
pub(crate) fn read<T: DeserializeOwned>(node: &Node, out: &mut Diagnostics) -> Option<T> {
    T::deserialize(At(node)).map_err(|error| error.report(node.place, out)).ok()
}

/// Reads an enum whose variant is a key of a larger map.
pub(crate) fn read_variant<T: DeserializeOwned>(key: &Key, node: &Node, out: &mut Diagnostics) -> Option<T> {
    T::deserialize(Variant(key, node)).map_err(|error| error.report(node.place, out)).ok()
}

#[derive(Debug)]
struct Wrong {
    place: Option<Place>,
    message: String,
    /// An unknown word, and those that are known.
    word: Option<(String, &'static [&'static str])>,
}

impl Wrong {
    /// The innermost place wins: it is set first.
    fn at(mut self, place: Place) -> Wrong {
        self.place.get_or_insert(place);
        self
    }
    fn report(self, outer: Place, out: &mut Diagnostics) {
        let error = out.error(self.place.unwrap_or(outer), self.message);
        if let Some((found, known)) = self.word {
            error.suggest(&found, known.iter().copied());
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Wrong {
        Wrong { place: None, message: message.to_string(), word: None }
    }
    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Wrong {
        Wrong::custom(format!("expected {expected}, found {found}"))
    }
    fn unknown_field(field: &str, known: &'static [&'static str]) -> Wrong {
        let message = format!("unknown key `{field}`");
        Wrong { place: None, message, word: Some((field.to_owned(), known)) }
    }
    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Wrong {
        let message = format!("`{variant}` is not known here");
        Wrong { place: None, message, word: Some((variant.to_owned(), known)) }
    }
    fn missing_field(field: &'static str) -> Wrong {
        Wrong::custom(format!("`{field}` is missing"))
    }
}

#[derive(Copy, Clone)]
struct At<'n>(&'n Node);

impl<'de> Deserializer<'de> for At<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let node = self.0;
        match &node.content {
            Content::Null => visitor.visit_unit(),
            Content::Bool(flag) => visitor.visit_bool(*flag),
            Content::Number { number, .. } => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Content::Text(text) => visitor.visit_borrowed_str(text),
            Content::List(items) => {
                let mut left = Items(items.iter());
                let value = visitor.visit_seq(&mut left)?;
                match left.0.next() {
                    Some(extra) => Err(<Wrong as de::Error>::custom("one too many in this list").at(extra.place)),
                    None => Ok(value),
                }
            }
            Content::Map(entries) => visitor.visit_map(Entries { left: entries.iter(), current: None }),
        }
        .map_err(|error: Wrong| error.at(node.place))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0.content {
            Content::Null => visitor.visit_none(),
            Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) | Content::Map(_) => {
                visitor.visit_some(self)
            }
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self).map_err(|error| error.at(self.0.place))
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match &self.0.content {
            Content::Text(text) => {
                let word: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                word.deserialize_enum(name, known, visitor).map_err(|error| error.at(self.0.place))
            }
            Content::Map(entries) if entries.len() == 1 => {
                visitor.visit_enum(Variant(&entries[0].0, &entries[0].1)).map_err(|error| error.at(self.0.place))
            }
            Content::Null | Content::Bool(_) | Content::Number { .. } | Content::List(_) | Content::Map(_) => {
                let message = format!("expected one of {}, found {}", known.join(", "), self.0.what());
                Err(<Wrong as de::Error>::custom(message).at(self.0.place))
            }
        }
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'n>(std::slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = Wrong;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        self.0.next().map(|node| seed.deserialize(At(node)).map_err(|error| error.at(node.place))).transpose()
    }
}

struct Entries<'n> {
    left: std::slice::Iter<'n, (Key, Node)>,
    current: Option<&'n Node>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Wrong;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((key, node)) = self.left.next() else { return Ok(None) };
        self.current = Some(node);
        let word: StrDeserializer<'_, Wrong> = key.text.as_str().into_deserializer();
        seed.deserialize(word).map(Some).map_err(|error| error.at(key.place))
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let node = self.current.expect("serde asks for a value after its key");
        seed.deserialize(At(node)).map_err(|error| error.at(node.place))
    }
}

/// `key: node` as a variant and its content.
#[derive(Copy, Clone)]
struct Variant<'n>(&'n Key, &'n Node);

impl<'de> Deserializer<'de> for Variant<'de> {
    type Error = Wrong;
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_enum(self)
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any option newtype_struct enum
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Wrong;
    type Variant = At<'de>;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, At<'de>), Wrong> {
        let word: StrDeserializer<'_, Wrong> = self.0.text.as_str().into_deserializer();
        let variant = seed.deserialize(word).map_err(|error| error.at(self.0.place))?;
        Ok((variant, At(self.1)))
    }
}

impl<'de> VariantAccess<'de> for At<'de> {
    type Error = Wrong;
    fn unit_variant(self) -> Result<(), Wrong> {
        match self.0.content {
            Content::Null => Ok(()),
            Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) | Content::Map(_) => {
                Err(<Wrong as de::Error>::custom("nothing belongs here").at(self.0.place))
            }
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        seed.deserialize(self).map_err(|error| error.at(self.0.place))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_any(visitor)
    }
}
