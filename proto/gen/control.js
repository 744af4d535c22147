/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const lockstep = $root.lockstep = (() => {

    const lockstep = {};

    lockstep.control = (function() {

        const control = {};

        control.Envelope = (function() {

            const Envelope = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Envelope.prototype.versionMajor = 0;
            Envelope.prototype.versionMinor = 0;
            Envelope.prototype.runId = "";
            Envelope.prototype.generation = 0;
            Envelope.prototype.sequence = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Envelope.prototype.token = "";
            Envelope.prototype.nodeHello = null;
            Envelope.prototype.nodeAssign = null;
            Envelope.prototype.nodeWorkerExit = null;
            Envelope.prototype.workerHello = null;
            Envelope.prototype.world = null;
            Envelope.prototype.heartbeat = null;
            Envelope.prototype.stepReport = null;
            Envelope.prototype.epochReport = null;
            Envelope.prototype.checkpointNotice = null;
            Envelope.prototype.drain = null;
            Envelope.prototype.abort = null;
            Envelope.prototype.failure = null;
            Envelope.prototype.farewell = null;
            Envelope.prototype.refusal = null;
            Envelope.prototype.metricsReport = null;
            Envelope.prototype.nodeFarewell = null;
            Envelope.prototype.phaseReport = null;
            Envelope.prototype.runStarted = null;

            let $oneOfFields;

            $Object.defineProperty(Envelope.prototype, "body", {
                get: $util.oneOfGetter($oneOfFields = ["nodeHello", "nodeAssign", "nodeWorkerExit", "workerHello", "world", "heartbeat", "stepReport", "epochReport", "checkpointNotice", "drain", "abort", "failure", "farewell", "refusal", "metricsReport", "nodeFarewell", "phaseReport", "runStarted"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            Envelope.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.versionMajor != null && $Object.hasOwnProperty.call(message, "versionMajor") && message.versionMajor !== 0)
                    writer.uint32(8).uint32(message.versionMajor);
                if (message.versionMinor != null && $Object.hasOwnProperty.call(message, "versionMinor") && message.versionMinor !== 0)
                    writer.uint32(16).uint32(message.versionMinor);
                if (message.runId != null && $Object.hasOwnProperty.call(message, "runId") && message.runId !== "")
                    writer.uint32(26).string(message.runId);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(32).uint32(message.generation);
                if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && (typeof message.sequence === "object" ? message.sequence.low || message.sequence.high : message.sequence !== 0))
                    writer.uint32(40).uint64(message.sequence);
                if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                    writer.uint32(50).string(message.token);
                if (message.nodeHello != null && $Object.hasOwnProperty.call(message, "nodeHello"))
                    $root.lockstep.control.NodeHello.encode(message.nodeHello, writer.uint32(82).fork(), _depth + 1).ldelim();
                if (message.nodeAssign != null && $Object.hasOwnProperty.call(message, "nodeAssign"))
                    $root.lockstep.control.NodeAssign.encode(message.nodeAssign, writer.uint32(90).fork(), _depth + 1).ldelim();
                if (message.nodeWorkerExit != null && $Object.hasOwnProperty.call(message, "nodeWorkerExit"))
                    $root.lockstep.control.NodeWorkerExit.encode(message.nodeWorkerExit, writer.uint32(98).fork(), _depth + 1).ldelim();
                if (message.workerHello != null && $Object.hasOwnProperty.call(message, "workerHello"))
                    $root.lockstep.control.WorkerHello.encode(message.workerHello, writer.uint32(106).fork(), _depth + 1).ldelim();
                if (message.world != null && $Object.hasOwnProperty.call(message, "world"))
                    $root.lockstep.control.World.encode(message.world, writer.uint32(114).fork(), _depth + 1).ldelim();
                if (message.heartbeat != null && $Object.hasOwnProperty.call(message, "heartbeat"))
                    $root.lockstep.control.Heartbeat.encode(message.heartbeat, writer.uint32(122).fork(), _depth + 1).ldelim();
                if (message.stepReport != null && $Object.hasOwnProperty.call(message, "stepReport"))
                    $root.lockstep.control.StepReport.encode(message.stepReport, writer.uint32(130).fork(), _depth + 1).ldelim();
                if (message.epochReport != null && $Object.hasOwnProperty.call(message, "epochReport"))
                    $root.lockstep.control.EpochReport.encode(message.epochReport, writer.uint32(138).fork(), _depth + 1).ldelim();
                if (message.checkpointNotice != null && $Object.hasOwnProperty.call(message, "checkpointNotice"))
                    $root.lockstep.control.CheckpointNotice.encode(message.checkpointNotice, writer.uint32(146).fork(), _depth + 1).ldelim();
                if (message.drain != null && $Object.hasOwnProperty.call(message, "drain"))
                    $root.lockstep.control.Drain.encode(message.drain, writer.uint32(154).fork(), _depth + 1).ldelim();
                if (message.abort != null && $Object.hasOwnProperty.call(message, "abort"))
                    $root.lockstep.control.Abort.encode(message.abort, writer.uint32(162).fork(), _depth + 1).ldelim();
                if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                    $root.lockstep.control.Failure.encode(message.failure, writer.uint32(170).fork(), _depth + 1).ldelim();
                if (message.farewell != null && $Object.hasOwnProperty.call(message, "farewell"))
                    $root.lockstep.control.Farewell.encode(message.farewell, writer.uint32(178).fork(), _depth + 1).ldelim();
                if (message.refusal != null && $Object.hasOwnProperty.call(message, "refusal"))
                    $root.lockstep.control.Refusal.encode(message.refusal, writer.uint32(186).fork(), _depth + 1).ldelim();
                if (message.metricsReport != null && $Object.hasOwnProperty.call(message, "metricsReport"))
                    $root.lockstep.control.MetricsReport.encode(message.metricsReport, writer.uint32(194).fork(), _depth + 1).ldelim();
                if (message.nodeFarewell != null && $Object.hasOwnProperty.call(message, "nodeFarewell"))
                    $root.lockstep.control.NodeFarewell.encode(message.nodeFarewell, writer.uint32(202).fork(), _depth + 1).ldelim();
                if (message.phaseReport != null && $Object.hasOwnProperty.call(message, "phaseReport"))
                    $root.lockstep.control.PhaseReport.encode(message.phaseReport, writer.uint32(210).fork(), _depth + 1).ldelim();
                if (message.runStarted != null && $Object.hasOwnProperty.call(message, "runStarted"))
                    $root.lockstep.control.RunStarted.encode(message.runStarted, writer.uint32(218).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Envelope.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Envelope();
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
                                message.versionMinor = value;
                            else
                                delete message.versionMinor;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.runId = value;
                            else
                                delete message.runId;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.generation = value;
                            else
                                delete message.generation;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.sequence = value;
                            else
                                delete message.sequence;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.token = value;
                            else
                                delete message.token;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.nodeHello = $root.lockstep.control.NodeHello.decode(reader, reader.size(), $undefined, _depth + 1, message.nodeHello);
                            message.body = "nodeHello";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            message.nodeAssign = $root.lockstep.control.NodeAssign.decode(reader, reader.size(), $undefined, _depth + 1, message.nodeAssign);
                            message.body = "nodeAssign";
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.nodeWorkerExit = $root.lockstep.control.NodeWorkerExit.decode(reader, reader.size(), $undefined, _depth + 1, message.nodeWorkerExit);
                            message.body = "nodeWorkerExit";
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            message.workerHello = $root.lockstep.control.WorkerHello.decode(reader, reader.size(), $undefined, _depth + 1, message.workerHello);
                            message.body = "workerHello";
                            continue;
                        }
                    case 14: {
                            if (wireType !== 2)
                                break;
                            message.world = $root.lockstep.control.World.decode(reader, reader.size(), $undefined, _depth + 1, message.world);
                            message.body = "world";
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            message.heartbeat = $root.lockstep.control.Heartbeat.decode(reader, reader.size(), $undefined, _depth + 1, message.heartbeat);
                            message.body = "heartbeat";
                            continue;
                        }
                    case 16: {
                            if (wireType !== 2)
                                break;
                            message.stepReport = $root.lockstep.control.StepReport.decode(reader, reader.size(), $undefined, _depth + 1, message.stepReport);
                            message.body = "stepReport";
                            continue;
                        }
                    case 17: {
                            if (wireType !== 2)
                                break;
                            message.epochReport = $root.lockstep.control.EpochReport.decode(reader, reader.size(), $undefined, _depth + 1, message.epochReport);
                            message.body = "epochReport";
                            continue;
                        }
                    case 18: {
                            if (wireType !== 2)
                                break;
                            message.checkpointNotice = $root.lockstep.control.CheckpointNotice.decode(reader, reader.size(), $undefined, _depth + 1, message.checkpointNotice);
                            message.body = "checkpointNotice";
                            continue;
                        }
                    case 19: {
                            if (wireType !== 2)
                                break;
                            message.drain = $root.lockstep.control.Drain.decode(reader, reader.size(), $undefined, _depth + 1, message.drain);
                            message.body = "drain";
                            continue;
                        }
                    case 20: {
                            if (wireType !== 2)
                                break;
                            message.abort = $root.lockstep.control.Abort.decode(reader, reader.size(), $undefined, _depth + 1, message.abort);
                            message.body = "abort";
                            continue;
                        }
                    case 21: {
                            if (wireType !== 2)
                                break;
                            message.failure = $root.lockstep.control.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.failure);
                            message.body = "failure";
                            continue;
                        }
                    case 22: {
                            if (wireType !== 2)
                                break;
                            message.farewell = $root.lockstep.control.Farewell.decode(reader, reader.size(), $undefined, _depth + 1, message.farewell);
                            message.body = "farewell";
                            continue;
                        }
                    case 23: {
                            if (wireType !== 2)
                                break;
                            message.refusal = $root.lockstep.control.Refusal.decode(reader, reader.size(), $undefined, _depth + 1, message.refusal);
                            message.body = "refusal";
                            continue;
                        }
                    case 24: {
                            if (wireType !== 2)
                                break;
                            message.metricsReport = $root.lockstep.control.MetricsReport.decode(reader, reader.size(), $undefined, _depth + 1, message.metricsReport);
                            message.body = "metricsReport";
                            continue;
                        }
                    case 25: {
                            if (wireType !== 2)
                                break;
                            message.nodeFarewell = $root.lockstep.control.NodeFarewell.decode(reader, reader.size(), $undefined, _depth + 1, message.nodeFarewell);
                            message.body = "nodeFarewell";
                            continue;
                        }
                    case 26: {
                            if (wireType !== 2)
                                break;
                            message.phaseReport = $root.lockstep.control.PhaseReport.decode(reader, reader.size(), $undefined, _depth + 1, message.phaseReport);
                            message.body = "phaseReport";
                            continue;
                        }
                    case 27: {
                            if (wireType !== 2)
                                break;
                            message.runStarted = $root.lockstep.control.RunStarted.decode(reader, reader.size(), $undefined, _depth + 1, message.runStarted);
                            message.body = "runStarted";
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

            return Envelope;
        })();

        control.NodeHello = (function() {

            const NodeHello = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            NodeHello.prototype.nodeRank = 0;
            NodeHello.prototype.numWorkers = 0;
            NodeHello.prototype.host = "";
            NodeHello.prototype.pid = 0;
            NodeHello.prototype.lockstepVersion = "";
            NodeHello.prototype.address = "";

            NodeHello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(8).int32(message.nodeRank);
                if (message.numWorkers != null && $Object.hasOwnProperty.call(message, "numWorkers") && message.numWorkers !== 0)
                    writer.uint32(16).uint32(message.numWorkers);
                if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                    writer.uint32(26).string(message.host);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(32).uint32(message.pid);
                if (message.lockstepVersion != null && $Object.hasOwnProperty.call(message, "lockstepVersion") && message.lockstepVersion !== "")
                    writer.uint32(42).string(message.lockstepVersion);
                if (message.address != null && $Object.hasOwnProperty.call(message, "address") && message.address !== "")
                    writer.uint32(50).string(message.address);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            NodeHello.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.NodeHello();
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
                            if (value = reader.int32())
                                message.nodeRank = value;
                            else
                                delete message.nodeRank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.numWorkers = value;
                            else
                                delete message.numWorkers;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.host = value;
                            else
                                delete message.host;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.pid = value;
                            else
                                delete message.pid;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.lockstepVersion = value;
                            else
                                delete message.lockstepVersion;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.address = value;
                            else
                                delete message.address;
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

            return NodeHello;
        })();

        control.NodeAssign = (function() {

            const NodeAssign = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            NodeAssign.prototype.nodeRank = 0;
            NodeAssign.prototype.numNodes = 0;
            NodeAssign.prototype.firstRank = 0;
            NodeAssign.prototype.worldSize = 0;
            NodeAssign.prototype.generation = 0;
            NodeAssign.prototype.configJson = "";

            NodeAssign.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(8).uint32(message.nodeRank);
                if (message.numNodes != null && $Object.hasOwnProperty.call(message, "numNodes") && message.numNodes !== 0)
                    writer.uint32(16).uint32(message.numNodes);
                if (message.firstRank != null && $Object.hasOwnProperty.call(message, "firstRank") && message.firstRank !== 0)
                    writer.uint32(24).uint32(message.firstRank);
                if (message.worldSize != null && $Object.hasOwnProperty.call(message, "worldSize") && message.worldSize !== 0)
                    writer.uint32(32).uint32(message.worldSize);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(40).uint32(message.generation);
                if (message.configJson != null && $Object.hasOwnProperty.call(message, "configJson") && message.configJson !== "")
                    writer.uint32(50).string(message.configJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            NodeAssign.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.NodeAssign();
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
                                message.nodeRank = value;
                            else
                                delete message.nodeRank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.numNodes = value;
                            else
                                delete message.numNodes;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.firstRank = value;
                            else
                                delete message.firstRank;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.worldSize = value;
                            else
                                delete message.worldSize;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.generation = value;
                            else
                                delete message.generation;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.configJson = value;
                            else
                                delete message.configJson;
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

            return NodeAssign;
        })();

        control.NodeWorkerExit = (function() {

            const NodeWorkerExit = function (properties) {
                this.lastLines = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            NodeWorkerExit.prototype.rank = 0;
            NodeWorkerExit.prototype.pid = 0;
            NodeWorkerExit.prototype.exitCode = 0;
            NodeWorkerExit.prototype.signal = "";
            NodeWorkerExit.prototype.lastLines = $util.emptyArray;

            NodeWorkerExit.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(16).uint32(message.pid);
                if (message.exitCode != null && $Object.hasOwnProperty.call(message, "exitCode") && message.exitCode !== 0)
                    writer.uint32(24).int32(message.exitCode);
                if (message.signal != null && $Object.hasOwnProperty.call(message, "signal") && message.signal !== "")
                    writer.uint32(34).string(message.signal);
                if (message.lastLines != null && message.lastLines.length)
                    for (let i = 0; i < message.lastLines.length; ++i)
                        writer.uint32(42).string(message.lastLines[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            NodeWorkerExit.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.NodeWorkerExit();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.pid = value;
                            else
                                delete message.pid;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.exitCode = value;
                            else
                                delete message.exitCode;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.signal = value;
                            else
                                delete message.signal;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.lastLines && message.lastLines.length))
                                message.lastLines = [];
                            message.lastLines.push(reader.stringVerify());
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

            return NodeWorkerExit;
        })();

        control.WorkerHello = (function() {

            const WorkerHello = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            WorkerHello.prototype.rank = 0;
            WorkerHello.prototype.localRank = 0;
            WorkerHello.prototype.nodeRank = 0;
            WorkerHello.prototype.pid = 0;
            WorkerHello.prototype.host = "";
            WorkerHello.prototype.localEndpoint = "";
            WorkerHello.prototype.remoteEndpoint = "";
            WorkerHello.prototype.hostId = "";
            WorkerHello.prototype.engine = null;

            WorkerHello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.localRank != null && $Object.hasOwnProperty.call(message, "localRank") && message.localRank !== 0)
                    writer.uint32(16).uint32(message.localRank);
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(24).uint32(message.nodeRank);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(32).uint32(message.pid);
                if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                    writer.uint32(42).string(message.host);
                if (message.localEndpoint != null && $Object.hasOwnProperty.call(message, "localEndpoint") && message.localEndpoint !== "")
                    writer.uint32(50).string(message.localEndpoint);
                if (message.remoteEndpoint != null && $Object.hasOwnProperty.call(message, "remoteEndpoint") && message.remoteEndpoint !== "")
                    writer.uint32(58).string(message.remoteEndpoint);
                if (message.hostId != null && $Object.hasOwnProperty.call(message, "hostId") && message.hostId !== "")
                    writer.uint32(66).string(message.hostId);
                if (message.engine != null && $Object.hasOwnProperty.call(message, "engine"))
                    $root.lockstep.control.EngineDescription.encode(message.engine, writer.uint32(74).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            WorkerHello.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.WorkerHello();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.localRank = value;
                            else
                                delete message.localRank;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.nodeRank = value;
                            else
                                delete message.nodeRank;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.pid = value;
                            else
                                delete message.pid;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.host = value;
                            else
                                delete message.host;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.localEndpoint = value;
                            else
                                delete message.localEndpoint;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.remoteEndpoint = value;
                            else
                                delete message.remoteEndpoint;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.hostId = value;
                            else
                                delete message.hostId;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            message.engine = $root.lockstep.control.EngineDescription.decode(reader, reader.size(), $undefined, _depth + 1, message.engine);
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

            return WorkerHello;
        })();

        control.EngineDescription = (function() {

            const EngineDescription = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            EngineDescription.prototype.name = "";
            EngineDescription.prototype.version = "";
            EngineDescription.prototype.device = "";
            EngineDescription.prototype.numThreads = 0;

            EngineDescription.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(10).string(message.name);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(18).string(message.version);
                if (message.device != null && $Object.hasOwnProperty.call(message, "device") && message.device !== "")
                    writer.uint32(26).string(message.device);
                if (message.numThreads != null && $Object.hasOwnProperty.call(message, "numThreads") && message.numThreads !== 0)
                    writer.uint32(32).uint32(message.numThreads);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            EngineDescription.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.EngineDescription();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.name = value;
                            else
                                delete message.name;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.device = value;
                            else
                                delete message.device;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.numThreads = value;
                            else
                                delete message.numThreads;
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

            return EngineDescription;
        })();

        control.Peer = (function() {

            const Peer = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Peer.prototype.rank = 0;
            Peer.prototype.localEndpoint = "";
            Peer.prototype.remoteEndpoint = "";
            Peer.prototype.hostId = "";

            Peer.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.localEndpoint != null && $Object.hasOwnProperty.call(message, "localEndpoint") && message.localEndpoint !== "")
                    writer.uint32(18).string(message.localEndpoint);
                if (message.remoteEndpoint != null && $Object.hasOwnProperty.call(message, "remoteEndpoint") && message.remoteEndpoint !== "")
                    writer.uint32(26).string(message.remoteEndpoint);
                if (message.hostId != null && $Object.hasOwnProperty.call(message, "hostId") && message.hostId !== "")
                    writer.uint32(34).string(message.hostId);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Peer.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Peer();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.localEndpoint = value;
                            else
                                delete message.localEndpoint;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.remoteEndpoint = value;
                            else
                                delete message.remoteEndpoint;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.hostId = value;
                            else
                                delete message.hostId;
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

            return Peer;
        })();

        control.World = (function() {

            const World = function (properties) {
                this.peers = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            World.prototype.generation = 0;
            World.prototype.worldSize = 0;
            World.prototype.peers = $util.emptyArray;
            World.prototype.configJson = "";

            World.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(8).uint32(message.generation);
                if (message.worldSize != null && $Object.hasOwnProperty.call(message, "worldSize") && message.worldSize !== 0)
                    writer.uint32(16).uint32(message.worldSize);
                if (message.peers != null && message.peers.length)
                    for (let i = 0; i < message.peers.length; ++i)
                        $root.lockstep.control.Peer.encode(message.peers[i], writer.uint32(26).fork(), _depth + 1).ldelim();
                if (message.configJson != null && $Object.hasOwnProperty.call(message, "configJson") && message.configJson !== "")
                    writer.uint32(34).string(message.configJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            World.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.World();
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
                                message.generation = value;
                            else
                                delete message.generation;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.worldSize = value;
                            else
                                delete message.worldSize;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.peers && message.peers.length))
                                message.peers = [];
                            message.peers.push($root.lockstep.control.Peer.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.configJson = value;
                            else
                                delete message.configJson;
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

            return World;
        })();

        control.Heartbeat = (function() {

            const Heartbeat = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Heartbeat.prototype.rank = 0;
            Heartbeat.prototype.progress = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Heartbeat.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Heartbeat.prototype.residentBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Heartbeat.prototype.phase = "";

            Heartbeat.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.progress != null && $Object.hasOwnProperty.call(message, "progress") && (typeof message.progress === "object" ? message.progress.low || message.progress.high : message.progress !== 0))
                    writer.uint32(16).uint64(message.progress);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(24).uint64(message.step);
                if (message.residentBytes != null && $Object.hasOwnProperty.call(message, "residentBytes") && (typeof message.residentBytes === "object" ? message.residentBytes.low || message.residentBytes.high : message.residentBytes !== 0))
                    writer.uint32(32).uint64(message.residentBytes);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(42).string(message.phase);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Heartbeat.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Heartbeat();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.progress = value;
                            else
                                delete message.progress;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.step = value;
                            else
                                delete message.step;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.residentBytes = value;
                            else
                                delete message.residentBytes;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.phase = value;
                            else
                                delete message.phase;
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

            return Heartbeat;
        })();

        control.StepReport = (function() {

            const StepReport = function (properties) {
                this.learningRates = [];
                this.phases = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            StepReport.prototype.rank = 0;
            StepReport.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            StepReport.prototype.epoch = 0;
            StepReport.prototype.stepInEpoch = 0;
            StepReport.prototype.stepsPerEpoch = 0;
            StepReport.prototype.images = 0;
            StepReport.prototype.targets = 0;
            StepReport.prototype.boxLoss = 0;
            StepReport.prototype.objLoss = 0;
            StepReport.prototype.clsLoss = 0;
            StepReport.prototype.learningRates = $util.emptyArray;
            StepReport.prototype.momentum = 0;
            StepReport.prototype.phases = $util.emptyArray;
            StepReport.prototype.allreduceBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            StepReport.prototype.allreduceSeconds = 0;
            StepReport.prototype.stepSeconds = 0;
            StepReport.prototype.optimizerStepped = false;
            StepReport.prototype.imageSize = 0;
            StepReport.prototype.localImages = 0;

            StepReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(16).uint64(message.step);
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(24).uint32(message.epoch);
                if (message.stepInEpoch != null && $Object.hasOwnProperty.call(message, "stepInEpoch") && message.stepInEpoch !== 0)
                    writer.uint32(32).uint32(message.stepInEpoch);
                if (message.stepsPerEpoch != null && $Object.hasOwnProperty.call(message, "stepsPerEpoch") && message.stepsPerEpoch !== 0)
                    writer.uint32(40).uint32(message.stepsPerEpoch);
                if (message.images != null && $Object.hasOwnProperty.call(message, "images") && message.images !== 0)
                    writer.uint32(48).uint32(message.images);
                if (message.targets != null && $Object.hasOwnProperty.call(message, "targets") && message.targets !== 0)
                    writer.uint32(56).uint32(message.targets);
                if (message.boxLoss != null && $Object.hasOwnProperty.call(message, "boxLoss") && !$Object.is(message.boxLoss, 0))
                    writer.uint32(69).float(message.boxLoss);
                if (message.objLoss != null && $Object.hasOwnProperty.call(message, "objLoss") && !$Object.is(message.objLoss, 0))
                    writer.uint32(77).float(message.objLoss);
                if (message.clsLoss != null && $Object.hasOwnProperty.call(message, "clsLoss") && !$Object.is(message.clsLoss, 0))
                    writer.uint32(85).float(message.clsLoss);
                if (message.learningRates != null && message.learningRates.length)
                    writer.uint32(90).floats(message.learningRates);
                if (message.momentum != null && $Object.hasOwnProperty.call(message, "momentum") && !$Object.is(message.momentum, 0))
                    writer.uint32(101).float(message.momentum);
                if (message.phases != null && message.phases.length)
                    for (let i = 0; i < message.phases.length; ++i)
                        $root.lockstep.control.PhaseDuration.encode(message.phases[i], writer.uint32(106).fork(), _depth + 1).ldelim();
                if (message.allreduceBytes != null && $Object.hasOwnProperty.call(message, "allreduceBytes") && (typeof message.allreduceBytes === "object" ? message.allreduceBytes.low || message.allreduceBytes.high : message.allreduceBytes !== 0))
                    writer.uint32(112).uint64(message.allreduceBytes);
                if (message.allreduceSeconds != null && $Object.hasOwnProperty.call(message, "allreduceSeconds") && !$Object.is(message.allreduceSeconds, 0))
                    writer.uint32(121).double(message.allreduceSeconds);
                if (message.stepSeconds != null && $Object.hasOwnProperty.call(message, "stepSeconds") && !$Object.is(message.stepSeconds, 0))
                    writer.uint32(129).double(message.stepSeconds);
                if (message.optimizerStepped != null && $Object.hasOwnProperty.call(message, "optimizerStepped") && message.optimizerStepped !== false)
                    writer.uint32(136).bool(message.optimizerStepped);
                if (message.imageSize != null && $Object.hasOwnProperty.call(message, "imageSize") && message.imageSize !== 0)
                    writer.uint32(144).uint32(message.imageSize);
                if (message.localImages != null && $Object.hasOwnProperty.call(message, "localImages") && message.localImages !== 0)
                    writer.uint32(152).uint32(message.localImages);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            StepReport.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.StepReport();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.step = value;
                            else
                                delete message.step;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.epoch = value;
                            else
                                delete message.epoch;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.stepInEpoch = value;
                            else
                                delete message.stepInEpoch;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.stepsPerEpoch = value;
                            else
                                delete message.stepsPerEpoch;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.images = value;
                            else
                                delete message.images;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.targets = value;
                            else
                                delete message.targets;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 5)
                                break;
                            if (!$Object.is(value = reader.float(), 0))
                                message.boxLoss = value;
                            else
                                delete message.boxLoss;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 5)
                                break;
                            if (!$Object.is(value = reader.float(), 0))
                                message.objLoss = value;
                            else
                                delete message.objLoss;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 5)
                                break;
                            if (!$Object.is(value = reader.float(), 0))
                                message.clsLoss = value;
                            else
                                delete message.clsLoss;
                            continue;
                        }
                    case 11: {
                            if (wireType === 2) {
                                if (!(message.learningRates && message.learningRates.length))
                                    message.learningRates = [];
                                reader.floats(message.learningRates);
                                continue;
                            }
                            if (wireType !== 5)
                                break;
                            if (!(message.learningRates && message.learningRates.length))
                                message.learningRates = [];
                            message.learningRates.push(reader.float());
                            continue;
                        }
                    case 12: {
                            if (wireType !== 5)
                                break;
                            if (!$Object.is(value = reader.float(), 0))
                                message.momentum = value;
                            else
                                delete message.momentum;
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            if (!(message.phases && message.phases.length))
                                message.phases = [];
                            message.phases.push($root.lockstep.control.PhaseDuration.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 14: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.allreduceBytes = value;
                            else
                                delete message.allreduceBytes;
                            continue;
                        }
                    case 15: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.allreduceSeconds = value;
                            else
                                delete message.allreduceSeconds;
                            continue;
                        }
                    case 16: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.stepSeconds = value;
                            else
                                delete message.stepSeconds;
                            continue;
                        }
                    case 17: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.optimizerStepped = value;
                            else
                                delete message.optimizerStepped;
                            continue;
                        }
                    case 18: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.imageSize = value;
                            else
                                delete message.imageSize;
                            continue;
                        }
                    case 19: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.localImages = value;
                            else
                                delete message.localImages;
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

            return StepReport;
        })();

        control.PhaseDuration = (function() {

            const PhaseDuration = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            PhaseDuration.prototype.phase = "";
            PhaseDuration.prototype.seconds = 0;

            PhaseDuration.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(10).string(message.phase);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(17).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            PhaseDuration.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.PhaseDuration();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.phase = value;
                            else
                                delete message.phase;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.seconds = value;
                            else
                                delete message.seconds;
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

            return PhaseDuration;
        })();

        control.EpochReport = (function() {

            const EpochReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            EpochReport.prototype.epoch = 0;
            EpochReport.prototype.epochs = 0;
            EpochReport.prototype.boxLoss = 0;
            EpochReport.prototype.objLoss = 0;
            EpochReport.prototype.clsLoss = 0;
            EpochReport.prototype.validated = false;
            EpochReport.prototype.precision = 0;
            EpochReport.prototype.recall = 0;
            EpochReport.prototype.map50 = 0;
            EpochReport.prototype.map = 0;
            EpochReport.prototype.ap65 = 0;
            EpochReport.prototype.ap75 = 0;
            EpochReport.prototype.ap80 = 0;
            EpochReport.prototype.ap90 = 0;
            EpochReport.prototype.valBoxLoss = 0;
            EpochReport.prototype.valObjLoss = 0;
            EpochReport.prototype.valClsLoss = 0;
            EpochReport.prototype.fitness = 0;
            EpochReport.prototype.best = false;
            EpochReport.prototype.seconds = 0;
            EpochReport.prototype.valSeconds = 0;
            EpochReport.prototype.imagesSeen = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            EpochReport.prototype.labels = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            EpochReport.prototype.valImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            EpochReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(8).uint32(message.epoch);
                if (message.epochs != null && $Object.hasOwnProperty.call(message, "epochs") && message.epochs !== 0)
                    writer.uint32(16).uint32(message.epochs);
                if (message.boxLoss != null && $Object.hasOwnProperty.call(message, "boxLoss") && !$Object.is(message.boxLoss, 0))
                    writer.uint32(25).double(message.boxLoss);
                if (message.objLoss != null && $Object.hasOwnProperty.call(message, "objLoss") && !$Object.is(message.objLoss, 0))
                    writer.uint32(33).double(message.objLoss);
                if (message.clsLoss != null && $Object.hasOwnProperty.call(message, "clsLoss") && !$Object.is(message.clsLoss, 0))
                    writer.uint32(41).double(message.clsLoss);
                if (message.validated != null && $Object.hasOwnProperty.call(message, "validated") && message.validated !== false)
                    writer.uint32(48).bool(message.validated);
                if (message.precision != null && $Object.hasOwnProperty.call(message, "precision") && !$Object.is(message.precision, 0))
                    writer.uint32(57).double(message.precision);
                if (message.recall != null && $Object.hasOwnProperty.call(message, "recall") && !$Object.is(message.recall, 0))
                    writer.uint32(65).double(message.recall);
                if (message.map50 != null && $Object.hasOwnProperty.call(message, "map50") && !$Object.is(message.map50, 0))
                    writer.uint32(73).double(message.map50);
                if (message.map != null && $Object.hasOwnProperty.call(message, "map") && !$Object.is(message.map, 0))
                    writer.uint32(81).double(message.map);
                if (message.ap65 != null && $Object.hasOwnProperty.call(message, "ap65") && !$Object.is(message.ap65, 0))
                    writer.uint32(89).double(message.ap65);
                if (message.ap75 != null && $Object.hasOwnProperty.call(message, "ap75") && !$Object.is(message.ap75, 0))
                    writer.uint32(97).double(message.ap75);
                if (message.ap80 != null && $Object.hasOwnProperty.call(message, "ap80") && !$Object.is(message.ap80, 0))
                    writer.uint32(105).double(message.ap80);
                if (message.ap90 != null && $Object.hasOwnProperty.call(message, "ap90") && !$Object.is(message.ap90, 0))
                    writer.uint32(113).double(message.ap90);
                if (message.valBoxLoss != null && $Object.hasOwnProperty.call(message, "valBoxLoss") && !$Object.is(message.valBoxLoss, 0))
                    writer.uint32(121).double(message.valBoxLoss);
                if (message.valObjLoss != null && $Object.hasOwnProperty.call(message, "valObjLoss") && !$Object.is(message.valObjLoss, 0))
                    writer.uint32(129).double(message.valObjLoss);
                if (message.valClsLoss != null && $Object.hasOwnProperty.call(message, "valClsLoss") && !$Object.is(message.valClsLoss, 0))
                    writer.uint32(137).double(message.valClsLoss);
                if (message.fitness != null && $Object.hasOwnProperty.call(message, "fitness") && !$Object.is(message.fitness, 0))
                    writer.uint32(145).double(message.fitness);
                if (message.best != null && $Object.hasOwnProperty.call(message, "best") && message.best !== false)
                    writer.uint32(152).bool(message.best);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(161).double(message.seconds);
                if (message.valSeconds != null && $Object.hasOwnProperty.call(message, "valSeconds") && !$Object.is(message.valSeconds, 0))
                    writer.uint32(169).double(message.valSeconds);
                if (message.imagesSeen != null && $Object.hasOwnProperty.call(message, "imagesSeen") && (typeof message.imagesSeen === "object" ? message.imagesSeen.low || message.imagesSeen.high : message.imagesSeen !== 0))
                    writer.uint32(176).uint64(message.imagesSeen);
                if (message.labels != null && $Object.hasOwnProperty.call(message, "labels") && (typeof message.labels === "object" ? message.labels.low || message.labels.high : message.labels !== 0))
                    writer.uint32(184).uint64(message.labels);
                if (message.valImages != null && $Object.hasOwnProperty.call(message, "valImages") && (typeof message.valImages === "object" ? message.valImages.low || message.valImages.high : message.valImages !== 0))
                    writer.uint32(192).uint64(message.valImages);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            EpochReport.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.EpochReport();
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
                                message.epoch = value;
                            else
                                delete message.epoch;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.epochs = value;
                            else
                                delete message.epochs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.boxLoss = value;
                            else
                                delete message.boxLoss;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.objLoss = value;
                            else
                                delete message.objLoss;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.clsLoss = value;
                            else
                                delete message.clsLoss;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.validated = value;
                            else
                                delete message.validated;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.precision = value;
                            else
                                delete message.precision;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.recall = value;
                            else
                                delete message.recall;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.map50 = value;
                            else
                                delete message.map50;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.map = value;
                            else
                                delete message.map;
                            continue;
                        }
                    case 11: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.ap65 = value;
                            else
                                delete message.ap65;
                            continue;
                        }
                    case 12: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.ap75 = value;
                            else
                                delete message.ap75;
                            continue;
                        }
                    case 13: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.ap80 = value;
                            else
                                delete message.ap80;
                            continue;
                        }
                    case 14: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.ap90 = value;
                            else
                                delete message.ap90;
                            continue;
                        }
                    case 15: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.valBoxLoss = value;
                            else
                                delete message.valBoxLoss;
                            continue;
                        }
                    case 16: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.valObjLoss = value;
                            else
                                delete message.valObjLoss;
                            continue;
                        }
                    case 17: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.valClsLoss = value;
                            else
                                delete message.valClsLoss;
                            continue;
                        }
                    case 18: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.fitness = value;
                            else
                                delete message.fitness;
                            continue;
                        }
                    case 19: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.best = value;
                            else
                                delete message.best;
                            continue;
                        }
                    case 20: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.seconds = value;
                            else
                                delete message.seconds;
                            continue;
                        }
                    case 21: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.valSeconds = value;
                            else
                                delete message.valSeconds;
                            continue;
                        }
                    case 22: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.imagesSeen = value;
                            else
                                delete message.imagesSeen;
                            continue;
                        }
                    case 23: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.labels = value;
                            else
                                delete message.labels;
                            continue;
                        }
                    case 24: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.valImages = value;
                            else
                                delete message.valImages;
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

            return EpochReport;
        })();

        control.CheckpointNotice = (function() {

            const CheckpointNotice = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            CheckpointNotice.prototype.path = "";
            CheckpointNotice.prototype.epoch = 0;
            CheckpointNotice.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            CheckpointNotice.prototype.bytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            CheckpointNotice.prototype.seconds = 0;

            CheckpointNotice.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.path != null && $Object.hasOwnProperty.call(message, "path") && message.path !== "")
                    writer.uint32(10).string(message.path);
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(16).uint32(message.epoch);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(24).uint64(message.step);
                if (message.bytes != null && $Object.hasOwnProperty.call(message, "bytes") && (typeof message.bytes === "object" ? message.bytes.low || message.bytes.high : message.bytes !== 0))
                    writer.uint32(32).uint64(message.bytes);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(41).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            CheckpointNotice.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.CheckpointNotice();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.path = value;
                            else
                                delete message.path;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.epoch = value;
                            else
                                delete message.epoch;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.step = value;
                            else
                                delete message.step;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.bytes = value;
                            else
                                delete message.bytes;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.seconds = value;
                            else
                                delete message.seconds;
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

            return CheckpointNotice;
        })();

        control.Drain = (function() {

            const Drain = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Drain.prototype.reason = "";

            Drain.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                    writer.uint32(10).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Drain.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Drain();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.reason = value;
                            else
                                delete message.reason;
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

            return Drain;
        })();

        control.Abort = (function() {

            const Abort = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Abort.prototype.cause = null;

            Abort.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.cause != null && $Object.hasOwnProperty.call(message, "cause"))
                    $root.lockstep.control.Failure.encode(message.cause, writer.uint32(10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Abort.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Abort();
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
                            if (wireType !== 2)
                                break;
                            message.cause = $root.lockstep.control.Failure.decode(reader, reader.size(), $undefined, _depth + 1, message.cause);
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

            return Abort;
        })();

        control.Failure = (function() {

            const Failure = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Failure.prototype.rank = 0;
            Failure.prototype.code = "";
            Failure.prototype.message = "";
            Failure.prototype.hint = "";
            Failure.prototype.detailsJson = "";
            Failure.prototype.stack = "";
            Failure.prototype.phase = "";

            Failure.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                    writer.uint32(18).string(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                    writer.uint32(26).string(message.message);
                if (message.hint != null && $Object.hasOwnProperty.call(message, "hint") && message.hint !== "")
                    writer.uint32(34).string(message.hint);
                if (message.detailsJson != null && $Object.hasOwnProperty.call(message, "detailsJson") && message.detailsJson !== "")
                    writer.uint32(42).string(message.detailsJson);
                if (message.stack != null && $Object.hasOwnProperty.call(message, "stack") && message.stack !== "")
                    writer.uint32(50).string(message.stack);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(58).string(message.phase);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Failure.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Failure();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.code = value;
                            else
                                delete message.code;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.message = value;
                            else
                                delete message.message;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.hint = value;
                            else
                                delete message.hint;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.detailsJson = value;
                            else
                                delete message.detailsJson;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.stack = value;
                            else
                                delete message.stack;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.phase = value;
                            else
                                delete message.phase;
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

            return Failure;
        })();

        control.Farewell = (function() {

            const Farewell = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Farewell.prototype.rank = 0;
            Farewell.prototype.weightsSha256 = "";
            Farewell.prototype.stopReason = "";
            Farewell.prototype.peakResidentBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            Farewell.prototype.resumable = false;
            Farewell.prototype.summaryJson = "";

            Farewell.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.weightsSha256 != null && $Object.hasOwnProperty.call(message, "weightsSha256") && message.weightsSha256 !== "")
                    writer.uint32(18).string(message.weightsSha256);
                if (message.stopReason != null && $Object.hasOwnProperty.call(message, "stopReason") && message.stopReason !== "")
                    writer.uint32(26).string(message.stopReason);
                if (message.peakResidentBytes != null && $Object.hasOwnProperty.call(message, "peakResidentBytes") && (typeof message.peakResidentBytes === "object" ? message.peakResidentBytes.low || message.peakResidentBytes.high : message.peakResidentBytes !== 0))
                    writer.uint32(32).uint64(message.peakResidentBytes);
                if (message.resumable != null && $Object.hasOwnProperty.call(message, "resumable") && message.resumable !== false)
                    writer.uint32(40).bool(message.resumable);
                if (message.summaryJson != null && $Object.hasOwnProperty.call(message, "summaryJson") && message.summaryJson !== "")
                    writer.uint32(50).string(message.summaryJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Farewell.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Farewell();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.weightsSha256 = value;
                            else
                                delete message.weightsSha256;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.stopReason = value;
                            else
                                delete message.stopReason;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.peakResidentBytes = value;
                            else
                                delete message.peakResidentBytes;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.resumable = value;
                            else
                                delete message.resumable;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.summaryJson = value;
                            else
                                delete message.summaryJson;
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

            return Farewell;
        })();

        control.Refusal = (function() {

            const Refusal = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            Refusal.prototype.code = "";
            Refusal.prototype.message = "";
            Refusal.prototype.hint = "";

            Refusal.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                    writer.uint32(10).string(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                    writer.uint32(18).string(message.message);
                if (message.hint != null && $Object.hasOwnProperty.call(message, "hint") && message.hint !== "")
                    writer.uint32(26).string(message.hint);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            Refusal.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.Refusal();
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
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.code = value;
                            else
                                delete message.code;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.message = value;
                            else
                                delete message.message;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.hint = value;
                            else
                                delete message.hint;
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

            return Refusal;
        })();

        control.MetricsReport = (function() {

            const MetricsReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            MetricsReport.prototype.rank = 0;
            MetricsReport.prototype.registryJson = "";

            MetricsReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.registryJson != null && $Object.hasOwnProperty.call(message, "registryJson") && message.registryJson !== "")
                    writer.uint32(18).string(message.registryJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            MetricsReport.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.MetricsReport();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.registryJson = value;
                            else
                                delete message.registryJson;
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

            return MetricsReport;
        })();

        control.NodeFarewell = (function() {

            const NodeFarewell = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            NodeFarewell.prototype.nodeRank = 0;

            NodeFarewell.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(8).uint32(message.nodeRank);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            NodeFarewell.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.NodeFarewell();
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
                                message.nodeRank = value;
                            else
                                delete message.nodeRank;
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

            return NodeFarewell;
        })();

        control.PhaseReport = (function() {

            const PhaseReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            PhaseReport.prototype.rank = 0;
            PhaseReport.prototype.phase = "";
            PhaseReport.prototype.done = 0;
            PhaseReport.prototype.total = 0;
            PhaseReport.prototype.seconds = 0;

            PhaseReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(8).uint32(message.rank);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(18).string(message.phase);
                if (message.done != null && $Object.hasOwnProperty.call(message, "done") && message.done !== 0)
                    writer.uint32(24).uint32(message.done);
                if (message.total != null && $Object.hasOwnProperty.call(message, "total") && message.total !== 0)
                    writer.uint32(32).uint32(message.total);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(41).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            PhaseReport.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.PhaseReport();
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
                                message.rank = value;
                            else
                                delete message.rank;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.phase = value;
                            else
                                delete message.phase;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.done = value;
                            else
                                delete message.done;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.total = value;
                            else
                                delete message.total;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.seconds = value;
                            else
                                delete message.seconds;
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

            return PhaseReport;
        })();

        control.RunStarted = (function() {

            const RunStarted = function (properties) {
                this.notes = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            RunStarted.prototype.numParameters = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            RunStarted.prototype.numLayers = 0;
            RunStarted.prototype.gflops = 0;
            RunStarted.prototype.trainImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            RunStarted.prototype.valImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
            RunStarted.prototype.startEpoch = 0;
            RunStarted.prototype.epochs = 0;
            RunStarted.prototype.notes = $util.emptyArray;

            RunStarted.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.numParameters != null && $Object.hasOwnProperty.call(message, "numParameters") && (typeof message.numParameters === "object" ? message.numParameters.low || message.numParameters.high : message.numParameters !== 0))
                    writer.uint32(8).uint64(message.numParameters);
                if (message.numLayers != null && $Object.hasOwnProperty.call(message, "numLayers") && message.numLayers !== 0)
                    writer.uint32(16).uint32(message.numLayers);
                if (message.gflops != null && $Object.hasOwnProperty.call(message, "gflops") && !$Object.is(message.gflops, 0))
                    writer.uint32(25).double(message.gflops);
                if (message.trainImages != null && $Object.hasOwnProperty.call(message, "trainImages") && (typeof message.trainImages === "object" ? message.trainImages.low || message.trainImages.high : message.trainImages !== 0))
                    writer.uint32(32).uint64(message.trainImages);
                if (message.valImages != null && $Object.hasOwnProperty.call(message, "valImages") && (typeof message.valImages === "object" ? message.valImages.low || message.valImages.high : message.valImages !== 0))
                    writer.uint32(40).uint64(message.valImages);
                if (message.startEpoch != null && $Object.hasOwnProperty.call(message, "startEpoch") && message.startEpoch !== 0)
                    writer.uint32(48).uint32(message.startEpoch);
                if (message.epochs != null && $Object.hasOwnProperty.call(message, "epochs") && message.epochs !== 0)
                    writer.uint32(56).uint32(message.epochs);
                if (message.notes != null && message.notes.length)
                    for (let i = 0; i < message.notes.length; ++i)
                        writer.uint32(66).string(message.notes[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            RunStarted.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.RunStarted();
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
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.numParameters = value;
                            else
                                delete message.numParameters;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.numLayers = value;
                            else
                                delete message.numLayers;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.gflops = value;
                            else
                                delete message.gflops;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.trainImages = value;
                            else
                                delete message.trainImages;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.valImages = value;
                            else
                                delete message.valImages;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.startEpoch = value;
                            else
                                delete message.startEpoch;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.epochs = value;
                            else
                                delete message.epochs;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 2)
                                break;
                            if (!(message.notes && message.notes.length))
                                message.notes = [];
                            message.notes.push(reader.stringVerify());
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

            return RunStarted;
        })();

        return control;
    })();

    return lockstep;
})();

export {
  $root as default
};
