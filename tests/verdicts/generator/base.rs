//! The file that all texts import.

/// What the texts import: options for each kind of element, and types of them.
pub(crate) const BASE: &str = r#"syntax = "proto2"; package base; import "google/protobuf/descriptor.proto";
enum Color { option allow_alias = true; NO_COLOR = 0; RED = 1; ROUGE = 1; NEGATIVE = -3; }
message All {
  optional int32 i32 = 1; optional int64 i64 = 2; optional uint32 u32 = 3; optional uint64 u64 = 4; optional sint32 s32 = 5;
  optional sint64 s64 = 6; optional fixed32 f32 = 7; optional sfixed64 sf64 = 8; optional float f = 9; optional double d = 10;
  optional bool b = 11; optional string s = 12; optional bytes by = 13; optional Color color = 14; optional All all = 15;
  repeated int32 list = 16; repeated double packed = 17 [packed = true]; repeated All alls = 18; map<string, int32> map = 19;
  map<int32, All> messages = 20; optional group Grp = 21 { optional string g = 1; repeated group Sub = 2 { optional int32 x = 1; } }
  oneof o { string one = 22; int32 two = 23; } optional Set set = 24;
  extensions 100 to 200; reserved 30, 40 to 50; reserved "gone";
}
message Set { option message_set_wire_format = true; extensions 4 to max; }
message InSet { extend Set { optional InSet in_set = 2147483646; } optional string text = 1; }
extend All { optional int32 more = 100; repeated string words = 101; optional All again = 102; optional group Ext = 103 { optional float e = 1; } }
message Target { extensions 1 to 1000; }
extend google.protobuf.FileOptions { optional All file = 50000; optional string file_text = 50001; repeated int32 file_list = 50002; }
extend google.protobuf.MessageOptions { optional All message = 50000; optional string message_text = 50001; }
extend google.protobuf.FieldOptions { optional All field = 50000; optional double field_double = 50001; optional float field_float = 50002;
  optional int32 field_int = 50003; optional uint64 field_uint = 50004; optional string field_text = 50005; optional bytes field_bytes = 50006;
  optional bool field_bool = 50007; optional Color field_color = 50008; repeated Color field_colors = 50009 [packed = true]; repeated All field_alls = 50010;
  optional group FieldGroup = 50011 { optional int32 a = 1; } optional sint64 field_sint = 50012; optional Set field_set = 50013;
  optional int32 only_messages = 50014 [targets = TARGET_TYPE_MESSAGE]; optional int32 source = 50015 [retention = RETENTION_SOURCE]; }
extend google.protobuf.OneofOptions { optional string oneof = 50000; }
extend google.protobuf.ExtensionRangeOptions { optional string range = 50000; }
extend google.protobuf.EnumOptions { optional All enum = 50000; }
extend google.protobuf.EnumValueOptions { optional All value = 50000; optional string value_text = 50001; }
extend google.protobuf.ServiceOptions { optional All service = 50000; }
extend google.protobuf.MethodOptions { optional All method = 50000; optional string method_text = 50001; }
"#;
