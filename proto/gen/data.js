/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const lockstep = $root.lockstep = (() => {

    const lockstep = {};

    lockstep.data = (function() {

        const data = {};

        data.Phase = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "PARTIAL"] = 0;
            values[valuesById[1] = "RESULT"] = 1;
            values[valuesById[2] = "GATHER"] = 2;
            values[valuesById[3] = "BROADCAST"] = 3;
            return values;
        })();

        data.PayloadType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "FLOAT32"] = 0;
            values[valuesById[1] = "BYTES"] = 1;
            values[valuesById[2] = "BFLOAT16"] = 2;
            values[valuesById[3] = "FLOAT16"] = 3;
            return values;
        })();

        data.Header = (function() {

            const Header = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Header.prototype.versionMajor = 0;
            Header.prototype.generation = 0;
            Header.prototype.round = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Header.prototype.bucket = 0;
            Header.prototype.phase = 0;
            Header.prototype.chunk = 0;
            Header.prototype.virtualBegin = 0;
            Header.prototype.virtualEnd = 0;
            Header.prototype.sender = 0;
            Header.prototype.payloadType = 0;
            Header.prototype.payloadBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Header.prototype.crc32c = 0;
            Header.prototype.runTag = 0;

            Header.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.versionMajor != null && $Object.hasOwnProperty.call(message, "versionMajor") && message.versionMajor !== 0)
                    writer.uint32(8).uint32(message.versionMajor);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(16).uint32(message.generation);
                if (message.round != null && $Object.hasOwnProperty.call(message, "round") && (typeof message.round === "object" ? message.round.low || message.round.high : message.round !== 0))
                    writer.uint32(24).uint64(message.round);
                if (message.bucket != null && $Object.hasOwnProperty.call(message, "bucket") && message.bucket !== 0)
                    writer.uint32(32).uint32(message.bucket);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== 0)
                    writer.uint32(40).int32(message.phase);
                if (message.chunk != null && $Object.hasOwnProperty.call(message, "chunk") && message.chunk !== 0)
                    writer.uint32(48).uint32(message.chunk);
                if (message.virtualBegin != null && $Object.hasOwnProperty.call(message, "virtualBegin") && message.virtualBegin !== 0)
                    writer.uint32(56).uint32(message.virtualBegin);
                if (message.virtualEnd != null && $Object.hasOwnProperty.call(message, "virtualEnd") && message.virtualEnd !== 0)
                    writer.uint32(64).uint32(message.virtualEnd);
                if (message.sender != null && $Object.hasOwnProperty.call(message, "sender") && message.sender !== 0)
                    writer.uint32(72).uint32(message.sender);
                if (message.payloadType != null && $Object.hasOwnProperty.call(message, "payloadType") && message.payloadType !== 0)
                    writer.uint32(80).int32(message.payloadType);
                if (message.payloadBytes != null && $Object.hasOwnProperty.call(message, "payloadBytes") && (typeof message.payloadBytes === "object" ? message.payloadBytes.low || message.payloadBytes.high : message.payloadBytes !== 0))
                    writer.uint32(88).uint64(message.payloadBytes);
                if (message.crc32c != null && $Object.hasOwnProperty.call(message, "crc32c") && message.crc32c !== 0)
                    writer.uint32(101).fixed32(message.crc32c);
                if (message.runTag != null && $Object.hasOwnProperty.call(message, "runTag") && message.runTag !== 0)
                    writer.uint32(109).fixed32(message.runTag);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Header.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.lockstep.data.Header();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.versionMajor = value;
                            else
                                delete message.versionMajor;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.generation = value;
                            else
                                delete message.generation;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.round = value;
                            else
                                delete message.round;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.bucket = value;
                            else
                                delete message.bucket;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.phase = value;
                            else
                                delete message.phase;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.chunk = value;
                            else
                                delete message.chunk;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.virtualBegin = value;
                            else
                                delete message.virtualBegin;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.virtualEnd = value;
                            else
                                delete message.virtualEnd;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.sender = value;
                            else
                                delete message.sender;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.payloadType = value;
                            else
                                delete message.payloadType;
                            continue;
                        }
                    case 11: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.payloadBytes = value;
                            else
                                delete message.payloadBytes;
                            continue;
                        }
                    case 12: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.crc32c = value;
                            else
                                delete message.crc32c;
                            continue;
                        }
                    case 13: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.runTag = value;
                            else
                                delete message.runTag;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Header;
        })();

        return data;
    })();

    return lockstep;
})();

export {
  $root as default
};
