/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["lockstep"] || ($protobuf.roots["lockstep"] = {});

export const lockstep = $root.lockstep = (() => {

    /**
     * Namespace lockstep.
     * @exports lockstep
     * @namespace
     */
    const lockstep = {};

    lockstep.control = (function() {

        /**
         * Namespace control.
         * @memberof lockstep
         * @namespace
         */
        const control = {};

        control.Envelope = (function() {

            /**
             * Properties of an Envelope.
             * @typedef {Object} lockstep.control.Envelope.$Properties
             * @property {number|null} [versionMajor] Envelope versionMajor
             * @property {number|null} [versionMinor] Envelope versionMinor
             * @property {string|null} [runId] Envelope runId
             * @property {number|null} [generation] Envelope generation
             * @property {number|null} [sequence] Envelope sequence
             * @property {string|null} [token] Envelope token
             * @property {lockstep.control.NodeHello.$Properties|null} [nodeHello] Envelope nodeHello
             * @property {lockstep.control.NodeAssign.$Properties|null} [nodeAssign] Envelope nodeAssign
             * @property {lockstep.control.NodeWorkerExit.$Properties|null} [nodeWorkerExit] Envelope nodeWorkerExit
             * @property {lockstep.control.WorkerHello.$Properties|null} [workerHello] Envelope workerHello
             * @property {lockstep.control.World.$Properties|null} [world] Envelope world
             * @property {lockstep.control.Heartbeat.$Properties|null} [heartbeat] Envelope heartbeat
             * @property {lockstep.control.StepReport.$Properties|null} [stepReport] Envelope stepReport
             * @property {lockstep.control.EpochReport.$Properties|null} [epochReport] Envelope epochReport
             * @property {lockstep.control.CheckpointNotice.$Properties|null} [checkpointNotice] Envelope checkpointNotice
             * @property {lockstep.control.Drain.$Properties|null} [drain] Envelope drain
             * @property {lockstep.control.Abort.$Properties|null} [abort] Envelope abort
             * @property {lockstep.control.Failure.$Properties|null} [failure] Envelope failure
             * @property {lockstep.control.Farewell.$Properties|null} [farewell] Envelope farewell
             * @property {lockstep.control.Refusal.$Properties|null} [refusal] Envelope refusal
             * @property {lockstep.control.MetricsReport.$Properties|null} [metricsReport] Envelope metricsReport
             * @property {lockstep.control.NodeFarewell.$Properties|null} [nodeFarewell] Envelope nodeFarewell
             * @property {lockstep.control.PhaseReport.$Properties|null} [phaseReport] Envelope phaseReport
             * @property {lockstep.control.RunStarted.$Properties|null} [runStarted] Envelope runStarted
             * @property {lockstep.control.LedgerReport.$Properties|null} [ledgerReport] Envelope ledgerReport
             * @property {lockstep.control.ClockQuestion.$Properties|null} [clockQuestion] Envelope clockQuestion
             * @property {lockstep.control.ClockAnswer.$Properties|null} [clockAnswer] Envelope clockAnswer
             * @property {"nodeHello"|"nodeAssign"|"nodeWorkerExit"|"workerHello"|"world"|"heartbeat"|"stepReport"|"epochReport"|"checkpointNotice"|"drain"|"abort"|"failure"|"farewell"|"refusal"|"metricsReport"|"nodeFarewell"|"phaseReport"|"runStarted"|"ledgerReport"|"clockQuestion"|"clockAnswer"} [body] Envelope body
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Envelope.
             * @memberof lockstep.control
             * @interface IEnvelope
             * @augments lockstep.control.Envelope.$Properties
             * @deprecated Use lockstep.control.Envelope.$Properties instead.
             */

            /**
             * Narrowed shape of an Envelope.
             * @typedef {{
             *   versionMajor?: number|null;
             *   versionMinor?: number|null;
             *   runId?: string|null;
             *   generation?: number|null;
             *   sequence?: number|null;
             *   token?: string|null;
             *   nodeHello?: lockstep.control.NodeHello.$Shape|null;
             *   nodeAssign?: lockstep.control.NodeAssign.$Shape|null;
             *   nodeWorkerExit?: lockstep.control.NodeWorkerExit.$Shape|null;
             *   workerHello?: lockstep.control.WorkerHello.$Shape|null;
             *   world?: lockstep.control.World.$Shape|null;
             *   heartbeat?: lockstep.control.Heartbeat.$Shape|null;
             *   stepReport?: lockstep.control.StepReport.$Shape|null;
             *   epochReport?: lockstep.control.EpochReport.$Shape|null;
             *   checkpointNotice?: lockstep.control.CheckpointNotice.$Shape|null;
             *   drain?: lockstep.control.Drain.$Shape|null;
             *   abort?: lockstep.control.Abort.$Shape|null;
             *   failure?: lockstep.control.Failure.$Shape|null;
             *   farewell?: lockstep.control.Farewell.$Shape|null;
             *   refusal?: lockstep.control.Refusal.$Shape|null;
             *   metricsReport?: lockstep.control.MetricsReport.$Shape|null;
             *   nodeFarewell?: lockstep.control.NodeFarewell.$Shape|null;
             *   phaseReport?: lockstep.control.PhaseReport.$Shape|null;
             *   runStarted?: lockstep.control.RunStarted.$Shape|null;
             *   ledgerReport?: lockstep.control.LedgerReport.$Shape|null;
             *   clockQuestion?: lockstep.control.ClockQuestion.$Shape|null;
             *   clockAnswer?: lockstep.control.ClockAnswer.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ body?: undefined; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeHello"; nodeHello: lockstep.control.NodeHello.$Shape; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeAssign"; nodeHello?: null; nodeAssign: lockstep.control.NodeAssign.$Shape; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeWorkerExit"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit: lockstep.control.NodeWorkerExit.$Shape; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "workerHello"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello: lockstep.control.WorkerHello.$Shape; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "world"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world: lockstep.control.World.$Shape; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "heartbeat"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat: lockstep.control.Heartbeat.$Shape; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "stepReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport: lockstep.control.StepReport.$Shape; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "epochReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport: lockstep.control.EpochReport.$Shape; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "checkpointNotice"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice: lockstep.control.CheckpointNotice.$Shape; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "drain"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain: lockstep.control.Drain.$Shape; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "abort"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort: lockstep.control.Abort.$Shape; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "failure"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure: lockstep.control.Failure.$Shape; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "farewell"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell: lockstep.control.Farewell.$Shape; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "refusal"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal: lockstep.control.Refusal.$Shape; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "metricsReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport: lockstep.control.MetricsReport.$Shape; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeFarewell"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell: lockstep.control.NodeFarewell.$Shape; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "phaseReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport: lockstep.control.PhaseReport.$Shape; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "runStarted"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted: lockstep.control.RunStarted.$Shape; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "ledgerReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport: lockstep.control.LedgerReport.$Shape; clockQuestion?: null; clockAnswer?: null }|{ body?: "clockQuestion"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion: lockstep.control.ClockQuestion.$Shape; clockAnswer?: null }|{ body?: "clockAnswer"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer: lockstep.control.ClockAnswer.$Shape })
             * )} lockstep.control.Envelope.$Shape
             */

            /**
             * Constructs a new Envelope.
             * @memberof lockstep.control
             * @classdesc Represents an Envelope.
             * @constructor
             * @param {lockstep.control.Envelope.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Envelope = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Envelope versionMajor.
             * @member {number} versionMajor
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.versionMajor = 0;

            /**
             * Envelope versionMinor.
             * @member {number} versionMinor
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.versionMinor = 0;

            /**
             * Envelope runId.
             * @member {string} runId
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.runId = "";

            /**
             * Envelope generation.
             * @member {number} generation
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.generation = 0;

            /**
             * Envelope sequence.
             * @member {number} sequence
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.sequence = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Envelope token.
             * @member {string} token
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.token = "";

            /**
             * Envelope nodeHello.
             * @member {lockstep.control.NodeHello.$Properties|null|undefined} nodeHello
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.nodeHello = null;

            /**
             * Envelope nodeAssign.
             * @member {lockstep.control.NodeAssign.$Properties|null|undefined} nodeAssign
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.nodeAssign = null;

            /**
             * Envelope nodeWorkerExit.
             * @member {lockstep.control.NodeWorkerExit.$Properties|null|undefined} nodeWorkerExit
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.nodeWorkerExit = null;

            /**
             * Envelope workerHello.
             * @member {lockstep.control.WorkerHello.$Properties|null|undefined} workerHello
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.workerHello = null;

            /**
             * Envelope world.
             * @member {lockstep.control.World.$Properties|null|undefined} world
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.world = null;

            /**
             * Envelope heartbeat.
             * @member {lockstep.control.Heartbeat.$Properties|null|undefined} heartbeat
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.heartbeat = null;

            /**
             * Envelope stepReport.
             * @member {lockstep.control.StepReport.$Properties|null|undefined} stepReport
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.stepReport = null;

            /**
             * Envelope epochReport.
             * @member {lockstep.control.EpochReport.$Properties|null|undefined} epochReport
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.epochReport = null;

            /**
             * Envelope checkpointNotice.
             * @member {lockstep.control.CheckpointNotice.$Properties|null|undefined} checkpointNotice
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.checkpointNotice = null;

            /**
             * Envelope drain.
             * @member {lockstep.control.Drain.$Properties|null|undefined} drain
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.drain = null;

            /**
             * Envelope abort.
             * @member {lockstep.control.Abort.$Properties|null|undefined} abort
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.abort = null;

            /**
             * Envelope failure.
             * @member {lockstep.control.Failure.$Properties|null|undefined} failure
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.failure = null;

            /**
             * Envelope farewell.
             * @member {lockstep.control.Farewell.$Properties|null|undefined} farewell
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.farewell = null;

            /**
             * Envelope refusal.
             * @member {lockstep.control.Refusal.$Properties|null|undefined} refusal
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.refusal = null;

            /**
             * Envelope metricsReport.
             * @member {lockstep.control.MetricsReport.$Properties|null|undefined} metricsReport
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.metricsReport = null;

            /**
             * Envelope nodeFarewell.
             * @member {lockstep.control.NodeFarewell.$Properties|null|undefined} nodeFarewell
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.nodeFarewell = null;

            /**
             * Envelope phaseReport.
             * @member {lockstep.control.PhaseReport.$Properties|null|undefined} phaseReport
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.phaseReport = null;

            /**
             * Envelope runStarted.
             * @member {lockstep.control.RunStarted.$Properties|null|undefined} runStarted
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.runStarted = null;

            /**
             * Envelope ledgerReport.
             * @member {lockstep.control.LedgerReport.$Properties|null|undefined} ledgerReport
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.ledgerReport = null;

            /**
             * Envelope clockQuestion.
             * @member {lockstep.control.ClockQuestion.$Properties|null|undefined} clockQuestion
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.clockQuestion = null;

            /**
             * Envelope clockAnswer.
             * @member {lockstep.control.ClockAnswer.$Properties|null|undefined} clockAnswer
             * @memberof lockstep.control.Envelope
             * @instance
             */
            Envelope.prototype.clockAnswer = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            /**
             * Envelope body.
             * @member {"nodeHello"|"nodeAssign"|"nodeWorkerExit"|"workerHello"|"world"|"heartbeat"|"stepReport"|"epochReport"|"checkpointNotice"|"drain"|"abort"|"failure"|"farewell"|"refusal"|"metricsReport"|"nodeFarewell"|"phaseReport"|"runStarted"|"ledgerReport"|"clockQuestion"|"clockAnswer"|undefined} body
             * @memberof lockstep.control.Envelope
             * @instance
             */
            $Object.defineProperty(Envelope.prototype, "body", {
                get: $util.oneOfGetter($oneOfFields = ["nodeHello", "nodeAssign", "nodeWorkerExit", "workerHello", "world", "heartbeat", "stepReport", "epochReport", "checkpointNotice", "drain", "abort", "failure", "farewell", "refusal", "metricsReport", "nodeFarewell", "phaseReport", "runStarted", "ledgerReport", "clockQuestion", "clockAnswer"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Encodes the specified Envelope message. Does not implicitly {@link lockstep.control.Envelope.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Envelope
             * @static
             * @param {lockstep.control.Envelope.$Properties} message Envelope message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Envelope.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.versionMajor != null && $Object.hasOwnProperty.call(message, "versionMajor") && message.versionMajor !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.versionMajor);
                if (message.versionMinor != null && $Object.hasOwnProperty.call(message, "versionMinor") && message.versionMinor !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.versionMinor);
                if (message.runId != null && $Object.hasOwnProperty.call(message, "runId") && message.runId !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.runId);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.generation);
                if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && (typeof message.sequence === "object" ? message.sequence.low || message.sequence.high : message.sequence !== 0))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.sequence);
                if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.token);
                if (message.nodeHello != null && $Object.hasOwnProperty.call(message, "nodeHello"))
                    $root.lockstep.control.NodeHello.encode(message.nodeHello, writer.uint32(/* id 10, wireType 2 =*/82).fork(), _depth + 1).ldelim();
                if (message.nodeAssign != null && $Object.hasOwnProperty.call(message, "nodeAssign"))
                    $root.lockstep.control.NodeAssign.encode(message.nodeAssign, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
                if (message.nodeWorkerExit != null && $Object.hasOwnProperty.call(message, "nodeWorkerExit"))
                    $root.lockstep.control.NodeWorkerExit.encode(message.nodeWorkerExit, writer.uint32(/* id 12, wireType 2 =*/98).fork(), _depth + 1).ldelim();
                if (message.workerHello != null && $Object.hasOwnProperty.call(message, "workerHello"))
                    $root.lockstep.control.WorkerHello.encode(message.workerHello, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                if (message.world != null && $Object.hasOwnProperty.call(message, "world"))
                    $root.lockstep.control.World.encode(message.world, writer.uint32(/* id 14, wireType 2 =*/114).fork(), _depth + 1).ldelim();
                if (message.heartbeat != null && $Object.hasOwnProperty.call(message, "heartbeat"))
                    $root.lockstep.control.Heartbeat.encode(message.heartbeat, writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
                if (message.stepReport != null && $Object.hasOwnProperty.call(message, "stepReport"))
                    $root.lockstep.control.StepReport.encode(message.stepReport, writer.uint32(/* id 16, wireType 2 =*/130).fork(), _depth + 1).ldelim();
                if (message.epochReport != null && $Object.hasOwnProperty.call(message, "epochReport"))
                    $root.lockstep.control.EpochReport.encode(message.epochReport, writer.uint32(/* id 17, wireType 2 =*/138).fork(), _depth + 1).ldelim();
                if (message.checkpointNotice != null && $Object.hasOwnProperty.call(message, "checkpointNotice"))
                    $root.lockstep.control.CheckpointNotice.encode(message.checkpointNotice, writer.uint32(/* id 18, wireType 2 =*/146).fork(), _depth + 1).ldelim();
                if (message.drain != null && $Object.hasOwnProperty.call(message, "drain"))
                    $root.lockstep.control.Drain.encode(message.drain, writer.uint32(/* id 19, wireType 2 =*/154).fork(), _depth + 1).ldelim();
                if (message.abort != null && $Object.hasOwnProperty.call(message, "abort"))
                    $root.lockstep.control.Abort.encode(message.abort, writer.uint32(/* id 20, wireType 2 =*/162).fork(), _depth + 1).ldelim();
                if (message.failure != null && $Object.hasOwnProperty.call(message, "failure"))
                    $root.lockstep.control.Failure.encode(message.failure, writer.uint32(/* id 21, wireType 2 =*/170).fork(), _depth + 1).ldelim();
                if (message.farewell != null && $Object.hasOwnProperty.call(message, "farewell"))
                    $root.lockstep.control.Farewell.encode(message.farewell, writer.uint32(/* id 22, wireType 2 =*/178).fork(), _depth + 1).ldelim();
                if (message.refusal != null && $Object.hasOwnProperty.call(message, "refusal"))
                    $root.lockstep.control.Refusal.encode(message.refusal, writer.uint32(/* id 23, wireType 2 =*/186).fork(), _depth + 1).ldelim();
                if (message.metricsReport != null && $Object.hasOwnProperty.call(message, "metricsReport"))
                    $root.lockstep.control.MetricsReport.encode(message.metricsReport, writer.uint32(/* id 24, wireType 2 =*/194).fork(), _depth + 1).ldelim();
                if (message.nodeFarewell != null && $Object.hasOwnProperty.call(message, "nodeFarewell"))
                    $root.lockstep.control.NodeFarewell.encode(message.nodeFarewell, writer.uint32(/* id 25, wireType 2 =*/202).fork(), _depth + 1).ldelim();
                if (message.phaseReport != null && $Object.hasOwnProperty.call(message, "phaseReport"))
                    $root.lockstep.control.PhaseReport.encode(message.phaseReport, writer.uint32(/* id 26, wireType 2 =*/210).fork(), _depth + 1).ldelim();
                if (message.runStarted != null && $Object.hasOwnProperty.call(message, "runStarted"))
                    $root.lockstep.control.RunStarted.encode(message.runStarted, writer.uint32(/* id 27, wireType 2 =*/218).fork(), _depth + 1).ldelim();
                if (message.ledgerReport != null && $Object.hasOwnProperty.call(message, "ledgerReport"))
                    $root.lockstep.control.LedgerReport.encode(message.ledgerReport, writer.uint32(/* id 28, wireType 2 =*/226).fork(), _depth + 1).ldelim();
                if (message.clockQuestion != null && $Object.hasOwnProperty.call(message, "clockQuestion"))
                    $root.lockstep.control.ClockQuestion.encode(message.clockQuestion, writer.uint32(/* id 34, wireType 2 =*/274).fork(), _depth + 1).ldelim();
                if (message.clockAnswer != null && $Object.hasOwnProperty.call(message, "clockAnswer"))
                    $root.lockstep.control.ClockAnswer.encode(message.clockAnswer, writer.uint32(/* id 35, wireType 2 =*/282).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Envelope message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Envelope
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Envelope & lockstep.control.Envelope.$Shape} Envelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 28: {
                            if (wireType !== 2)
                                break;
                            message.ledgerReport = $root.lockstep.control.LedgerReport.decode(reader, reader.size(), $undefined, _depth + 1, message.ledgerReport);
                            message.body = "ledgerReport";
                            continue;
                        }
                    case 34: {
                            if (wireType !== 2)
                                break;
                            message.clockQuestion = $root.lockstep.control.ClockQuestion.decode(reader, reader.size(), $undefined, _depth + 1, message.clockQuestion);
                            message.body = "clockQuestion";
                            continue;
                        }
                    case 35: {
                            if (wireType !== 2)
                                break;
                            message.clockAnswer = $root.lockstep.control.ClockAnswer.decode(reader, reader.size(), $undefined, _depth + 1, message.clockAnswer);
                            message.body = "clockAnswer";
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

            /**
             * Properties of a NodeHello.
             * @typedef {Object} lockstep.control.NodeHello.$Properties
             * @property {number|null} [nodeRank] NodeHello nodeRank
             * @property {number|null} [numWorkers] NodeHello numWorkers
             * @property {string|null} [host] NodeHello host
             * @property {number|null} [pid] NodeHello pid
             * @property {string|null} [lockstepVersion] NodeHello lockstepVersion
             * @property {string|null} [address] NodeHello address
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a NodeHello.
             * @memberof lockstep.control
             * @interface INodeHello
             * @augments lockstep.control.NodeHello.$Properties
             * @deprecated Use lockstep.control.NodeHello.$Properties instead.
             */

            /**
             * Shape of a NodeHello.
             * @typedef {lockstep.control.NodeHello.$Properties} lockstep.control.NodeHello.$Shape
             */

            /**
             * Constructs a new NodeHello.
             * @memberof lockstep.control
             * @classdesc Represents a NodeHello.
             * @constructor
             * @param {lockstep.control.NodeHello.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const NodeHello = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * NodeHello nodeRank.
             * @member {number} nodeRank
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.nodeRank = 0;

            /**
             * NodeHello numWorkers.
             * @member {number} numWorkers
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.numWorkers = 0;

            /**
             * NodeHello host.
             * @member {string} host
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.host = "";

            /**
             * NodeHello pid.
             * @member {number} pid
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.pid = 0;

            /**
             * NodeHello lockstepVersion.
             * @member {string} lockstepVersion
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.lockstepVersion = "";

            /**
             * NodeHello address.
             * @member {string} address
             * @memberof lockstep.control.NodeHello
             * @instance
             */
            NodeHello.prototype.address = "";

            /**
             * Encodes the specified NodeHello message. Does not implicitly {@link lockstep.control.NodeHello.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.NodeHello
             * @static
             * @param {lockstep.control.NodeHello.$Properties} message NodeHello message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeHello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.nodeRank);
                if (message.numWorkers != null && $Object.hasOwnProperty.call(message, "numWorkers") && message.numWorkers !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.numWorkers);
                if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.host);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.pid);
                if (message.lockstepVersion != null && $Object.hasOwnProperty.call(message, "lockstepVersion") && message.lockstepVersion !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.lockstepVersion);
                if (message.address != null && $Object.hasOwnProperty.call(message, "address") && message.address !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.address);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a NodeHello message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.NodeHello
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.NodeHello & lockstep.control.NodeHello.$Shape} NodeHello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a NodeAssign.
             * @typedef {Object} lockstep.control.NodeAssign.$Properties
             * @property {number|null} [nodeRank] NodeAssign nodeRank
             * @property {number|null} [numNodes] NodeAssign numNodes
             * @property {number|null} [firstRank] NodeAssign firstRank
             * @property {number|null} [worldSize] NodeAssign worldSize
             * @property {number|null} [generation] NodeAssign generation
             * @property {string|null} [configJson] NodeAssign configJson
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a NodeAssign.
             * @memberof lockstep.control
             * @interface INodeAssign
             * @augments lockstep.control.NodeAssign.$Properties
             * @deprecated Use lockstep.control.NodeAssign.$Properties instead.
             */

            /**
             * Shape of a NodeAssign.
             * @typedef {lockstep.control.NodeAssign.$Properties} lockstep.control.NodeAssign.$Shape
             */

            /**
             * Constructs a new NodeAssign.
             * @memberof lockstep.control
             * @classdesc Represents a NodeAssign.
             * @constructor
             * @param {lockstep.control.NodeAssign.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const NodeAssign = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * NodeAssign nodeRank.
             * @member {number} nodeRank
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.nodeRank = 0;

            /**
             * NodeAssign numNodes.
             * @member {number} numNodes
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.numNodes = 0;

            /**
             * NodeAssign firstRank.
             * @member {number} firstRank
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.firstRank = 0;

            /**
             * NodeAssign worldSize.
             * @member {number} worldSize
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.worldSize = 0;

            /**
             * NodeAssign generation.
             * @member {number} generation
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.generation = 0;

            /**
             * NodeAssign configJson.
             * @member {string} configJson
             * @memberof lockstep.control.NodeAssign
             * @instance
             */
            NodeAssign.prototype.configJson = "";

            /**
             * Encodes the specified NodeAssign message. Does not implicitly {@link lockstep.control.NodeAssign.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.NodeAssign
             * @static
             * @param {lockstep.control.NodeAssign.$Properties} message NodeAssign message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeAssign.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nodeRank);
                if (message.numNodes != null && $Object.hasOwnProperty.call(message, "numNodes") && message.numNodes !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.numNodes);
                if (message.firstRank != null && $Object.hasOwnProperty.call(message, "firstRank") && message.firstRank !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.firstRank);
                if (message.worldSize != null && $Object.hasOwnProperty.call(message, "worldSize") && message.worldSize !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.worldSize);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.generation);
                if (message.configJson != null && $Object.hasOwnProperty.call(message, "configJson") && message.configJson !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.configJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a NodeAssign message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.NodeAssign
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.NodeAssign & lockstep.control.NodeAssign.$Shape} NodeAssign
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a NodeWorkerExit.
             * @typedef {Object} lockstep.control.NodeWorkerExit.$Properties
             * @property {number|null} [rank] NodeWorkerExit rank
             * @property {number|null} [pid] NodeWorkerExit pid
             * @property {number|null} [exitCode] NodeWorkerExit exitCode
             * @property {string|null} [signal] NodeWorkerExit signal
             * @property {Array.<string>|null} [lastLines] NodeWorkerExit lastLines
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a NodeWorkerExit.
             * @memberof lockstep.control
             * @interface INodeWorkerExit
             * @augments lockstep.control.NodeWorkerExit.$Properties
             * @deprecated Use lockstep.control.NodeWorkerExit.$Properties instead.
             */

            /**
             * Shape of a NodeWorkerExit.
             * @typedef {lockstep.control.NodeWorkerExit.$Properties} lockstep.control.NodeWorkerExit.$Shape
             */

            /**
             * Constructs a new NodeWorkerExit.
             * @memberof lockstep.control
             * @classdesc Represents a NodeWorkerExit.
             * @constructor
             * @param {lockstep.control.NodeWorkerExit.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const NodeWorkerExit = function (properties) {
                this.lastLines = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * NodeWorkerExit rank.
             * @member {number} rank
             * @memberof lockstep.control.NodeWorkerExit
             * @instance
             */
            NodeWorkerExit.prototype.rank = 0;

            /**
             * NodeWorkerExit pid.
             * @member {number} pid
             * @memberof lockstep.control.NodeWorkerExit
             * @instance
             */
            NodeWorkerExit.prototype.pid = 0;

            /**
             * NodeWorkerExit exitCode.
             * @member {number} exitCode
             * @memberof lockstep.control.NodeWorkerExit
             * @instance
             */
            NodeWorkerExit.prototype.exitCode = 0;

            /**
             * NodeWorkerExit signal.
             * @member {string} signal
             * @memberof lockstep.control.NodeWorkerExit
             * @instance
             */
            NodeWorkerExit.prototype.signal = "";

            /**
             * NodeWorkerExit lastLines.
             * @member {Array.<string>} lastLines
             * @memberof lockstep.control.NodeWorkerExit
             * @instance
             */
            NodeWorkerExit.prototype.lastLines = $util.emptyArray;

            /**
             * Encodes the specified NodeWorkerExit message. Does not implicitly {@link lockstep.control.NodeWorkerExit.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.NodeWorkerExit
             * @static
             * @param {lockstep.control.NodeWorkerExit.$Properties} message NodeWorkerExit message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeWorkerExit.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.pid);
                if (message.exitCode != null && $Object.hasOwnProperty.call(message, "exitCode") && message.exitCode !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).int32(message.exitCode);
                if (message.signal != null && $Object.hasOwnProperty.call(message, "signal") && message.signal !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.signal);
                if (message.lastLines != null && message.lastLines.length)
                    for (let i = 0; i < message.lastLines.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.lastLines[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a NodeWorkerExit message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.NodeWorkerExit
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.NodeWorkerExit & lockstep.control.NodeWorkerExit.$Shape} NodeWorkerExit
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a WorkerHello.
             * @typedef {Object} lockstep.control.WorkerHello.$Properties
             * @property {number|null} [rank] WorkerHello rank
             * @property {number|null} [localRank] WorkerHello localRank
             * @property {number|null} [nodeRank] WorkerHello nodeRank
             * @property {number|null} [pid] WorkerHello pid
             * @property {string|null} [host] WorkerHello host
             * @property {string|null} [localEndpoint] WorkerHello localEndpoint
             * @property {string|null} [remoteEndpoint] WorkerHello remoteEndpoint
             * @property {string|null} [hostId] WorkerHello hostId
             * @property {lockstep.control.EngineDescription.$Properties|null} [engine] WorkerHello engine
             * @property {string|null} [directLocalEndpoint] WorkerHello directLocalEndpoint
             * @property {string|null} [directRemoteEndpoint] WorkerHello directRemoteEndpoint
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a WorkerHello.
             * @memberof lockstep.control
             * @interface IWorkerHello
             * @augments lockstep.control.WorkerHello.$Properties
             * @deprecated Use lockstep.control.WorkerHello.$Properties instead.
             */

            /**
             * Shape of a WorkerHello.
             * @typedef {lockstep.control.WorkerHello.$Properties} lockstep.control.WorkerHello.$Shape
             */

            /**
             * Constructs a new WorkerHello.
             * @memberof lockstep.control
             * @classdesc Represents a WorkerHello.
             * @constructor
             * @param {lockstep.control.WorkerHello.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const WorkerHello = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * WorkerHello rank.
             * @member {number} rank
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.rank = 0;

            /**
             * WorkerHello localRank.
             * @member {number} localRank
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.localRank = 0;

            /**
             * WorkerHello nodeRank.
             * @member {number} nodeRank
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.nodeRank = 0;

            /**
             * WorkerHello pid.
             * @member {number} pid
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.pid = 0;

            /**
             * WorkerHello host.
             * @member {string} host
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.host = "";

            /**
             * WorkerHello localEndpoint.
             * @member {string} localEndpoint
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.localEndpoint = "";

            /**
             * WorkerHello remoteEndpoint.
             * @member {string} remoteEndpoint
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.remoteEndpoint = "";

            /**
             * WorkerHello hostId.
             * @member {string} hostId
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.hostId = "";

            /**
             * WorkerHello engine.
             * @member {lockstep.control.EngineDescription.$Properties|null|undefined} engine
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.engine = null;

            /**
             * WorkerHello directLocalEndpoint.
             * @member {string} directLocalEndpoint
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.directLocalEndpoint = "";

            /**
             * WorkerHello directRemoteEndpoint.
             * @member {string} directRemoteEndpoint
             * @memberof lockstep.control.WorkerHello
             * @instance
             */
            WorkerHello.prototype.directRemoteEndpoint = "";

            /**
             * Encodes the specified WorkerHello message. Does not implicitly {@link lockstep.control.WorkerHello.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.WorkerHello
             * @static
             * @param {lockstep.control.WorkerHello.$Properties} message WorkerHello message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            WorkerHello.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.localRank != null && $Object.hasOwnProperty.call(message, "localRank") && message.localRank !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.localRank);
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.nodeRank);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.pid);
                if (message.host != null && $Object.hasOwnProperty.call(message, "host") && message.host !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.host);
                if (message.localEndpoint != null && $Object.hasOwnProperty.call(message, "localEndpoint") && message.localEndpoint !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.localEndpoint);
                if (message.remoteEndpoint != null && $Object.hasOwnProperty.call(message, "remoteEndpoint") && message.remoteEndpoint !== "")
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.remoteEndpoint);
                if (message.hostId != null && $Object.hasOwnProperty.call(message, "hostId") && message.hostId !== "")
                    writer.uint32(/* id 8, wireType 2 =*/66).string(message.hostId);
                if (message.engine != null && $Object.hasOwnProperty.call(message, "engine"))
                    $root.lockstep.control.EngineDescription.encode(message.engine, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                if (message.directLocalEndpoint != null && $Object.hasOwnProperty.call(message, "directLocalEndpoint") && message.directLocalEndpoint !== "")
                    writer.uint32(/* id 10, wireType 2 =*/82).string(message.directLocalEndpoint);
                if (message.directRemoteEndpoint != null && $Object.hasOwnProperty.call(message, "directRemoteEndpoint") && message.directRemoteEndpoint !== "")
                    writer.uint32(/* id 11, wireType 2 =*/90).string(message.directRemoteEndpoint);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a WorkerHello message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.WorkerHello
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.WorkerHello & lockstep.control.WorkerHello.$Shape} WorkerHello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 10: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.directLocalEndpoint = value;
                            else
                                delete message.directLocalEndpoint;
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.directRemoteEndpoint = value;
                            else
                                delete message.directRemoteEndpoint;
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

            /**
             * Properties of an EngineDescription.
             * @typedef {Object} lockstep.control.EngineDescription.$Properties
             * @property {string|null} [name] EngineDescription name
             * @property {string|null} [version] EngineDescription version
             * @property {string|null} [device] EngineDescription device
             * @property {number|null} [numThreads] EngineDescription numThreads
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an EngineDescription.
             * @memberof lockstep.control
             * @interface IEngineDescription
             * @augments lockstep.control.EngineDescription.$Properties
             * @deprecated Use lockstep.control.EngineDescription.$Properties instead.
             */

            /**
             * Shape of an EngineDescription.
             * @typedef {lockstep.control.EngineDescription.$Properties} lockstep.control.EngineDescription.$Shape
             */

            /**
             * Constructs a new EngineDescription.
             * @memberof lockstep.control
             * @classdesc Represents an EngineDescription.
             * @constructor
             * @param {lockstep.control.EngineDescription.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const EngineDescription = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * EngineDescription name.
             * @member {string} name
             * @memberof lockstep.control.EngineDescription
             * @instance
             */
            EngineDescription.prototype.name = "";

            /**
             * EngineDescription version.
             * @member {string} version
             * @memberof lockstep.control.EngineDescription
             * @instance
             */
            EngineDescription.prototype.version = "";

            /**
             * EngineDescription device.
             * @member {string} device
             * @memberof lockstep.control.EngineDescription
             * @instance
             */
            EngineDescription.prototype.device = "";

            /**
             * EngineDescription numThreads.
             * @member {number} numThreads
             * @memberof lockstep.control.EngineDescription
             * @instance
             */
            EngineDescription.prototype.numThreads = 0;

            /**
             * Encodes the specified EngineDescription message. Does not implicitly {@link lockstep.control.EngineDescription.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.EngineDescription
             * @static
             * @param {lockstep.control.EngineDescription.$Properties} message EngineDescription message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            EngineDescription.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                if (message.device != null && $Object.hasOwnProperty.call(message, "device") && message.device !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.device);
                if (message.numThreads != null && $Object.hasOwnProperty.call(message, "numThreads") && message.numThreads !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.numThreads);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an EngineDescription message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.EngineDescription
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.EngineDescription & lockstep.control.EngineDescription.$Shape} EngineDescription
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Peer.
             * @typedef {Object} lockstep.control.Peer.$Properties
             * @property {number|null} [rank] Peer rank
             * @property {string|null} [localEndpoint] Peer localEndpoint
             * @property {string|null} [remoteEndpoint] Peer remoteEndpoint
             * @property {string|null} [hostId] Peer hostId
             * @property {string|null} [directLocalEndpoint] Peer directLocalEndpoint
             * @property {string|null} [directRemoteEndpoint] Peer directRemoteEndpoint
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Peer.
             * @memberof lockstep.control
             * @interface IPeer
             * @augments lockstep.control.Peer.$Properties
             * @deprecated Use lockstep.control.Peer.$Properties instead.
             */

            /**
             * Shape of a Peer.
             * @typedef {lockstep.control.Peer.$Properties} lockstep.control.Peer.$Shape
             */

            /**
             * Constructs a new Peer.
             * @memberof lockstep.control
             * @classdesc Represents a Peer.
             * @constructor
             * @param {lockstep.control.Peer.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Peer = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Peer rank.
             * @member {number} rank
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.rank = 0;

            /**
             * Peer localEndpoint.
             * @member {string} localEndpoint
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.localEndpoint = "";

            /**
             * Peer remoteEndpoint.
             * @member {string} remoteEndpoint
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.remoteEndpoint = "";

            /**
             * Peer hostId.
             * @member {string} hostId
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.hostId = "";

            /**
             * Peer directLocalEndpoint.
             * @member {string} directLocalEndpoint
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.directLocalEndpoint = "";

            /**
             * Peer directRemoteEndpoint.
             * @member {string} directRemoteEndpoint
             * @memberof lockstep.control.Peer
             * @instance
             */
            Peer.prototype.directRemoteEndpoint = "";

            /**
             * Encodes the specified Peer message. Does not implicitly {@link lockstep.control.Peer.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Peer
             * @static
             * @param {lockstep.control.Peer.$Properties} message Peer message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Peer.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.localEndpoint != null && $Object.hasOwnProperty.call(message, "localEndpoint") && message.localEndpoint !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.localEndpoint);
                if (message.remoteEndpoint != null && $Object.hasOwnProperty.call(message, "remoteEndpoint") && message.remoteEndpoint !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.remoteEndpoint);
                if (message.hostId != null && $Object.hasOwnProperty.call(message, "hostId") && message.hostId !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.hostId);
                if (message.directLocalEndpoint != null && $Object.hasOwnProperty.call(message, "directLocalEndpoint") && message.directLocalEndpoint !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.directLocalEndpoint);
                if (message.directRemoteEndpoint != null && $Object.hasOwnProperty.call(message, "directRemoteEndpoint") && message.directRemoteEndpoint !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.directRemoteEndpoint);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Peer message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Peer
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Peer & lockstep.control.Peer.$Shape} Peer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.directLocalEndpoint = value;
                            else
                                delete message.directLocalEndpoint;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.directRemoteEndpoint = value;
                            else
                                delete message.directRemoteEndpoint;
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

            /**
             * Properties of a World.
             * @typedef {Object} lockstep.control.World.$Properties
             * @property {number|null} [generation] World generation
             * @property {number|null} [worldSize] World worldSize
             * @property {Array.<lockstep.control.Peer.$Properties>|null} [peers] World peers
             * @property {string|null} [configJson] World configJson
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a World.
             * @memberof lockstep.control
             * @interface IWorld
             * @augments lockstep.control.World.$Properties
             * @deprecated Use lockstep.control.World.$Properties instead.
             */

            /**
             * Shape of a World.
             * @typedef {lockstep.control.World.$Properties} lockstep.control.World.$Shape
             */

            /**
             * Constructs a new World.
             * @memberof lockstep.control
             * @classdesc Represents a World.
             * @constructor
             * @param {lockstep.control.World.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const World = function (properties) {
                this.peers = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * World generation.
             * @member {number} generation
             * @memberof lockstep.control.World
             * @instance
             */
            World.prototype.generation = 0;

            /**
             * World worldSize.
             * @member {number} worldSize
             * @memberof lockstep.control.World
             * @instance
             */
            World.prototype.worldSize = 0;

            /**
             * World peers.
             * @member {Array.<lockstep.control.Peer.$Properties>} peers
             * @memberof lockstep.control.World
             * @instance
             */
            World.prototype.peers = $util.emptyArray;

            /**
             * World configJson.
             * @member {string} configJson
             * @memberof lockstep.control.World
             * @instance
             */
            World.prototype.configJson = "";

            /**
             * Encodes the specified World message. Does not implicitly {@link lockstep.control.World.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.World
             * @static
             * @param {lockstep.control.World.$Properties} message World message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            World.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.generation);
                if (message.worldSize != null && $Object.hasOwnProperty.call(message, "worldSize") && message.worldSize !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.worldSize);
                if (message.peers != null && message.peers.length)
                    for (let i = 0; i < message.peers.length; ++i)
                        $root.lockstep.control.Peer.encode(message.peers[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.configJson != null && $Object.hasOwnProperty.call(message, "configJson") && message.configJson !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.configJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a World message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.World
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.World & lockstep.control.World.$Shape} World
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Heartbeat.
             * @typedef {Object} lockstep.control.Heartbeat.$Properties
             * @property {number|null} [rank] Heartbeat rank
             * @property {number|null} [progress] Heartbeat progress
             * @property {number|null} [step] Heartbeat step
             * @property {number|null} [residentBytes] Heartbeat residentBytes
             * @property {string|null} [phase] Heartbeat phase
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Heartbeat.
             * @memberof lockstep.control
             * @interface IHeartbeat
             * @augments lockstep.control.Heartbeat.$Properties
             * @deprecated Use lockstep.control.Heartbeat.$Properties instead.
             */

            /**
             * Shape of a Heartbeat.
             * @typedef {lockstep.control.Heartbeat.$Properties} lockstep.control.Heartbeat.$Shape
             */

            /**
             * Constructs a new Heartbeat.
             * @memberof lockstep.control
             * @classdesc Represents a Heartbeat.
             * @constructor
             * @param {lockstep.control.Heartbeat.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Heartbeat = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Heartbeat rank.
             * @member {number} rank
             * @memberof lockstep.control.Heartbeat
             * @instance
             */
            Heartbeat.prototype.rank = 0;

            /**
             * Heartbeat progress.
             * @member {number} progress
             * @memberof lockstep.control.Heartbeat
             * @instance
             */
            Heartbeat.prototype.progress = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Heartbeat step.
             * @member {number} step
             * @memberof lockstep.control.Heartbeat
             * @instance
             */
            Heartbeat.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Heartbeat residentBytes.
             * @member {number} residentBytes
             * @memberof lockstep.control.Heartbeat
             * @instance
             */
            Heartbeat.prototype.residentBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Heartbeat phase.
             * @member {string} phase
             * @memberof lockstep.control.Heartbeat
             * @instance
             */
            Heartbeat.prototype.phase = "";

            /**
             * Encodes the specified Heartbeat message. Does not implicitly {@link lockstep.control.Heartbeat.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Heartbeat
             * @static
             * @param {lockstep.control.Heartbeat.$Properties} message Heartbeat message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Heartbeat.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.progress != null && $Object.hasOwnProperty.call(message, "progress") && (typeof message.progress === "object" ? message.progress.low || message.progress.high : message.progress !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.progress);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.step);
                if (message.residentBytes != null && $Object.hasOwnProperty.call(message, "residentBytes") && (typeof message.residentBytes === "object" ? message.residentBytes.low || message.residentBytes.high : message.residentBytes !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.residentBytes);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.phase);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Heartbeat message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Heartbeat
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Heartbeat & lockstep.control.Heartbeat.$Shape} Heartbeat
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a StepReport.
             * @typedef {Object} lockstep.control.StepReport.$Properties
             * @property {number|null} [rank] StepReport rank
             * @property {number|null} [step] StepReport step
             * @property {number|null} [epoch] StepReport epoch
             * @property {number|null} [stepInEpoch] StepReport stepInEpoch
             * @property {number|null} [stepsPerEpoch] StepReport stepsPerEpoch
             * @property {number|null} [images] StepReport images
             * @property {number|null} [targets] StepReport targets
             * @property {number|null} [boxLoss] StepReport boxLoss
             * @property {number|null} [objLoss] StepReport objLoss
             * @property {number|null} [clsLoss] StepReport clsLoss
             * @property {Array.<number>|null} [learningRates] StepReport learningRates
             * @property {number|null} [momentum] StepReport momentum
             * @property {Array.<lockstep.control.PhaseDuration.$Properties>|null} [phases] StepReport phases
             * @property {number|null} [allreduceBytes] StepReport allreduceBytes
             * @property {number|null} [allreduceSeconds] StepReport allreduceSeconds
             * @property {number|null} [stepSeconds] StepReport stepSeconds
             * @property {boolean|null} [optimizerStepped] StepReport optimizerStepped
             * @property {number|null} [imageSize] StepReport imageSize
             * @property {number|null} [localImages] StepReport localImages
             * @property {number|null} [allreduceInFlightSeconds] StepReport allreduceInFlightSeconds
             * @property {number|null} [allreduceHiddenSeconds] StepReport allreduceHiddenSeconds
             * @property {number|null} [lossScale] StepReport lossScale
             * @property {string|null} [skipped] StepReport skipped
             * @property {number|null} [allreduceSharedBytes] StepReport allreduceSharedBytes
             * @property {number|null} [allreduceResends] StepReport allreduceResends
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a StepReport.
             * @memberof lockstep.control
             * @interface IStepReport
             * @augments lockstep.control.StepReport.$Properties
             * @deprecated Use lockstep.control.StepReport.$Properties instead.
             */

            /**
             * Shape of a StepReport.
             * @typedef {lockstep.control.StepReport.$Properties} lockstep.control.StepReport.$Shape
             */

            /**
             * Constructs a new StepReport.
             * @memberof lockstep.control
             * @classdesc Represents a StepReport.
             * @constructor
             * @param {lockstep.control.StepReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const StepReport = function (properties) {
                this.learningRates = [];
                this.phases = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * StepReport rank.
             * @member {number} rank
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.rank = 0;

            /**
             * StepReport step.
             * @member {number} step
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * StepReport epoch.
             * @member {number} epoch
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.epoch = 0;

            /**
             * StepReport stepInEpoch.
             * @member {number} stepInEpoch
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.stepInEpoch = 0;

            /**
             * StepReport stepsPerEpoch.
             * @member {number} stepsPerEpoch
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.stepsPerEpoch = 0;

            /**
             * StepReport images.
             * @member {number} images
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.images = 0;

            /**
             * StepReport targets.
             * @member {number} targets
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.targets = 0;

            /**
             * StepReport boxLoss.
             * @member {number} boxLoss
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.boxLoss = 0;

            /**
             * StepReport objLoss.
             * @member {number} objLoss
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.objLoss = 0;

            /**
             * StepReport clsLoss.
             * @member {number} clsLoss
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.clsLoss = 0;

            /**
             * StepReport learningRates.
             * @member {Array.<number>} learningRates
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.learningRates = $util.emptyArray;

            /**
             * StepReport momentum.
             * @member {number} momentum
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.momentum = 0;

            /**
             * StepReport phases.
             * @member {Array.<lockstep.control.PhaseDuration.$Properties>} phases
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.phases = $util.emptyArray;

            /**
             * StepReport allreduceBytes.
             * @member {number} allreduceBytes
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * StepReport allreduceSeconds.
             * @member {number} allreduceSeconds
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceSeconds = 0;

            /**
             * StepReport stepSeconds.
             * @member {number} stepSeconds
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.stepSeconds = 0;

            /**
             * StepReport optimizerStepped.
             * @member {boolean} optimizerStepped
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.optimizerStepped = false;

            /**
             * StepReport imageSize.
             * @member {number} imageSize
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.imageSize = 0;

            /**
             * StepReport localImages.
             * @member {number} localImages
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.localImages = 0;

            /**
             * StepReport allreduceInFlightSeconds.
             * @member {number} allreduceInFlightSeconds
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceInFlightSeconds = 0;

            /**
             * StepReport allreduceHiddenSeconds.
             * @member {number} allreduceHiddenSeconds
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceHiddenSeconds = 0;

            /**
             * StepReport lossScale.
             * @member {number} lossScale
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.lossScale = 0;

            /**
             * StepReport skipped.
             * @member {string} skipped
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.skipped = "";

            /**
             * StepReport allreduceSharedBytes.
             * @member {number} allreduceSharedBytes
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceSharedBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * StepReport allreduceResends.
             * @member {number} allreduceResends
             * @memberof lockstep.control.StepReport
             * @instance
             */
            StepReport.prototype.allreduceResends = 0;

            /**
             * Encodes the specified StepReport message. Does not implicitly {@link lockstep.control.StepReport.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.StepReport
             * @static
             * @param {lockstep.control.StepReport.$Properties} message StepReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            StepReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.step);
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.epoch);
                if (message.stepInEpoch != null && $Object.hasOwnProperty.call(message, "stepInEpoch") && message.stepInEpoch !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.stepInEpoch);
                if (message.stepsPerEpoch != null && $Object.hasOwnProperty.call(message, "stepsPerEpoch") && message.stepsPerEpoch !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.stepsPerEpoch);
                if (message.images != null && $Object.hasOwnProperty.call(message, "images") && message.images !== 0)
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.images);
                if (message.targets != null && $Object.hasOwnProperty.call(message, "targets") && message.targets !== 0)
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.targets);
                if (message.boxLoss != null && $Object.hasOwnProperty.call(message, "boxLoss") && !$Object.is(message.boxLoss, 0))
                    writer.uint32(/* id 8, wireType 5 =*/69).float(message.boxLoss);
                if (message.objLoss != null && $Object.hasOwnProperty.call(message, "objLoss") && !$Object.is(message.objLoss, 0))
                    writer.uint32(/* id 9, wireType 5 =*/77).float(message.objLoss);
                if (message.clsLoss != null && $Object.hasOwnProperty.call(message, "clsLoss") && !$Object.is(message.clsLoss, 0))
                    writer.uint32(/* id 10, wireType 5 =*/85).float(message.clsLoss);
                if (message.learningRates != null && message.learningRates.length)
                    writer.uint32(/* id 11, wireType 2 =*/90).floats(message.learningRates);
                if (message.momentum != null && $Object.hasOwnProperty.call(message, "momentum") && !$Object.is(message.momentum, 0))
                    writer.uint32(/* id 12, wireType 5 =*/101).float(message.momentum);
                if (message.phases != null && message.phases.length)
                    for (let i = 0; i < message.phases.length; ++i)
                        $root.lockstep.control.PhaseDuration.encode(message.phases[i], writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                if (message.allreduceBytes != null && $Object.hasOwnProperty.call(message, "allreduceBytes") && (typeof message.allreduceBytes === "object" ? message.allreduceBytes.low || message.allreduceBytes.high : message.allreduceBytes !== 0))
                    writer.uint32(/* id 14, wireType 0 =*/112).uint64(message.allreduceBytes);
                if (message.allreduceSeconds != null && $Object.hasOwnProperty.call(message, "allreduceSeconds") && !$Object.is(message.allreduceSeconds, 0))
                    writer.uint32(/* id 15, wireType 1 =*/121).double(message.allreduceSeconds);
                if (message.stepSeconds != null && $Object.hasOwnProperty.call(message, "stepSeconds") && !$Object.is(message.stepSeconds, 0))
                    writer.uint32(/* id 16, wireType 1 =*/129).double(message.stepSeconds);
                if (message.optimizerStepped != null && $Object.hasOwnProperty.call(message, "optimizerStepped") && message.optimizerStepped !== false)
                    writer.uint32(/* id 17, wireType 0 =*/136).bool(message.optimizerStepped);
                if (message.imageSize != null && $Object.hasOwnProperty.call(message, "imageSize") && message.imageSize !== 0)
                    writer.uint32(/* id 18, wireType 0 =*/144).uint32(message.imageSize);
                if (message.localImages != null && $Object.hasOwnProperty.call(message, "localImages") && message.localImages !== 0)
                    writer.uint32(/* id 19, wireType 0 =*/152).uint32(message.localImages);
                if (message.allreduceInFlightSeconds != null && $Object.hasOwnProperty.call(message, "allreduceInFlightSeconds") && !$Object.is(message.allreduceInFlightSeconds, 0))
                    writer.uint32(/* id 20, wireType 1 =*/161).double(message.allreduceInFlightSeconds);
                if (message.allreduceHiddenSeconds != null && $Object.hasOwnProperty.call(message, "allreduceHiddenSeconds") && !$Object.is(message.allreduceHiddenSeconds, 0))
                    writer.uint32(/* id 21, wireType 1 =*/169).double(message.allreduceHiddenSeconds);
                if (message.lossScale != null && $Object.hasOwnProperty.call(message, "lossScale") && !$Object.is(message.lossScale, 0))
                    writer.uint32(/* id 22, wireType 1 =*/177).double(message.lossScale);
                if (message.skipped != null && $Object.hasOwnProperty.call(message, "skipped") && message.skipped !== "")
                    writer.uint32(/* id 23, wireType 2 =*/186).string(message.skipped);
                if (message.allreduceSharedBytes != null && $Object.hasOwnProperty.call(message, "allreduceSharedBytes") && (typeof message.allreduceSharedBytes === "object" ? message.allreduceSharedBytes.low || message.allreduceSharedBytes.high : message.allreduceSharedBytes !== 0))
                    writer.uint32(/* id 24, wireType 0 =*/192).uint64(message.allreduceSharedBytes);
                if (message.allreduceResends != null && $Object.hasOwnProperty.call(message, "allreduceResends") && message.allreduceResends !== 0)
                    writer.uint32(/* id 25, wireType 0 =*/200).uint32(message.allreduceResends);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a StepReport message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.StepReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.StepReport & lockstep.control.StepReport.$Shape} StepReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 20: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.allreduceInFlightSeconds = value;
                            else
                                delete message.allreduceInFlightSeconds;
                            continue;
                        }
                    case 21: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.allreduceHiddenSeconds = value;
                            else
                                delete message.allreduceHiddenSeconds;
                            continue;
                        }
                    case 22: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.lossScale = value;
                            else
                                delete message.lossScale;
                            continue;
                        }
                    case 23: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.skipped = value;
                            else
                                delete message.skipped;
                            continue;
                        }
                    case 24: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.allreduceSharedBytes = value;
                            else
                                delete message.allreduceSharedBytes;
                            continue;
                        }
                    case 25: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.allreduceResends = value;
                            else
                                delete message.allreduceResends;
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

            /**
             * Properties of a PhaseDuration.
             * @typedef {Object} lockstep.control.PhaseDuration.$Properties
             * @property {string|null} [phase] PhaseDuration phase
             * @property {number|null} [seconds] PhaseDuration seconds
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PhaseDuration.
             * @memberof lockstep.control
             * @interface IPhaseDuration
             * @augments lockstep.control.PhaseDuration.$Properties
             * @deprecated Use lockstep.control.PhaseDuration.$Properties instead.
             */

            /**
             * Shape of a PhaseDuration.
             * @typedef {lockstep.control.PhaseDuration.$Properties} lockstep.control.PhaseDuration.$Shape
             */

            /**
             * Constructs a new PhaseDuration.
             * @memberof lockstep.control
             * @classdesc Represents a PhaseDuration.
             * @constructor
             * @param {lockstep.control.PhaseDuration.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PhaseDuration = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PhaseDuration phase.
             * @member {string} phase
             * @memberof lockstep.control.PhaseDuration
             * @instance
             */
            PhaseDuration.prototype.phase = "";

            /**
             * PhaseDuration seconds.
             * @member {number} seconds
             * @memberof lockstep.control.PhaseDuration
             * @instance
             */
            PhaseDuration.prototype.seconds = 0;

            /**
             * Encodes the specified PhaseDuration message. Does not implicitly {@link lockstep.control.PhaseDuration.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.PhaseDuration
             * @static
             * @param {lockstep.control.PhaseDuration.$Properties} message PhaseDuration message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PhaseDuration.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.phase);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PhaseDuration message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.PhaseDuration
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.PhaseDuration & lockstep.control.PhaseDuration.$Shape} PhaseDuration
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of an EpochReport.
             * @typedef {Object} lockstep.control.EpochReport.$Properties
             * @property {number|null} [epoch] EpochReport epoch
             * @property {number|null} [epochs] EpochReport epochs
             * @property {number|null} [boxLoss] EpochReport boxLoss
             * @property {number|null} [objLoss] EpochReport objLoss
             * @property {number|null} [clsLoss] EpochReport clsLoss
             * @property {boolean|null} [validated] EpochReport validated
             * @property {number|null} [precision] EpochReport precision
             * @property {number|null} [recall] EpochReport recall
             * @property {number|null} [map50] EpochReport map50
             * @property {number|null} [map] EpochReport map
             * @property {number|null} [ap65] EpochReport ap65
             * @property {number|null} [ap75] EpochReport ap75
             * @property {number|null} [ap80] EpochReport ap80
             * @property {number|null} [ap90] EpochReport ap90
             * @property {number|null} [valBoxLoss] EpochReport valBoxLoss
             * @property {number|null} [valObjLoss] EpochReport valObjLoss
             * @property {number|null} [valClsLoss] EpochReport valClsLoss
             * @property {number|null} [fitness] EpochReport fitness
             * @property {boolean|null} [best] EpochReport best
             * @property {number|null} [seconds] EpochReport seconds
             * @property {number|null} [valSeconds] EpochReport valSeconds
             * @property {number|null} [imagesSeen] EpochReport imagesSeen
             * @property {number|null} [labels] EpochReport labels
             * @property {number|null} [valImages] EpochReport valImages
             * @property {number|null} [allreduceHiddenShare] EpochReport allreduceHiddenShare
             * @property {number|null} [compressionError] EpochReport compressionError
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an EpochReport.
             * @memberof lockstep.control
             * @interface IEpochReport
             * @augments lockstep.control.EpochReport.$Properties
             * @deprecated Use lockstep.control.EpochReport.$Properties instead.
             */

            /**
             * Shape of an EpochReport.
             * @typedef {lockstep.control.EpochReport.$Properties} lockstep.control.EpochReport.$Shape
             */

            /**
             * Constructs a new EpochReport.
             * @memberof lockstep.control
             * @classdesc Represents an EpochReport.
             * @constructor
             * @param {lockstep.control.EpochReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const EpochReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * EpochReport epoch.
             * @member {number} epoch
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.epoch = 0;

            /**
             * EpochReport epochs.
             * @member {number} epochs
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.epochs = 0;

            /**
             * EpochReport boxLoss.
             * @member {number} boxLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.boxLoss = 0;

            /**
             * EpochReport objLoss.
             * @member {number} objLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.objLoss = 0;

            /**
             * EpochReport clsLoss.
             * @member {number} clsLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.clsLoss = 0;

            /**
             * EpochReport validated.
             * @member {boolean} validated
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.validated = false;

            /**
             * EpochReport precision.
             * @member {number} precision
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.precision = 0;

            /**
             * EpochReport recall.
             * @member {number} recall
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.recall = 0;

            /**
             * EpochReport map50.
             * @member {number} map50
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.map50 = 0;

            /**
             * EpochReport map.
             * @member {number} map
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.map = 0;

            /**
             * EpochReport ap65.
             * @member {number} ap65
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.ap65 = 0;

            /**
             * EpochReport ap75.
             * @member {number} ap75
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.ap75 = 0;

            /**
             * EpochReport ap80.
             * @member {number} ap80
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.ap80 = 0;

            /**
             * EpochReport ap90.
             * @member {number} ap90
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.ap90 = 0;

            /**
             * EpochReport valBoxLoss.
             * @member {number} valBoxLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.valBoxLoss = 0;

            /**
             * EpochReport valObjLoss.
             * @member {number} valObjLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.valObjLoss = 0;

            /**
             * EpochReport valClsLoss.
             * @member {number} valClsLoss
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.valClsLoss = 0;

            /**
             * EpochReport fitness.
             * @member {number} fitness
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.fitness = 0;

            /**
             * EpochReport best.
             * @member {boolean} best
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.best = false;

            /**
             * EpochReport seconds.
             * @member {number} seconds
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.seconds = 0;

            /**
             * EpochReport valSeconds.
             * @member {number} valSeconds
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.valSeconds = 0;

            /**
             * EpochReport imagesSeen.
             * @member {number} imagesSeen
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.imagesSeen = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * EpochReport labels.
             * @member {number} labels
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.labels = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * EpochReport valImages.
             * @member {number} valImages
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.valImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * EpochReport allreduceHiddenShare.
             * @member {number} allreduceHiddenShare
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.allreduceHiddenShare = 0;

            /**
             * EpochReport compressionError.
             * @member {number} compressionError
             * @memberof lockstep.control.EpochReport
             * @instance
             */
            EpochReport.prototype.compressionError = 0;

            /**
             * Encodes the specified EpochReport message. Does not implicitly {@link lockstep.control.EpochReport.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.EpochReport
             * @static
             * @param {lockstep.control.EpochReport.$Properties} message EpochReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            EpochReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.epoch);
                if (message.epochs != null && $Object.hasOwnProperty.call(message, "epochs") && message.epochs !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.epochs);
                if (message.boxLoss != null && $Object.hasOwnProperty.call(message, "boxLoss") && !$Object.is(message.boxLoss, 0))
                    writer.uint32(/* id 3, wireType 1 =*/25).double(message.boxLoss);
                if (message.objLoss != null && $Object.hasOwnProperty.call(message, "objLoss") && !$Object.is(message.objLoss, 0))
                    writer.uint32(/* id 4, wireType 1 =*/33).double(message.objLoss);
                if (message.clsLoss != null && $Object.hasOwnProperty.call(message, "clsLoss") && !$Object.is(message.clsLoss, 0))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.clsLoss);
                if (message.validated != null && $Object.hasOwnProperty.call(message, "validated") && message.validated !== false)
                    writer.uint32(/* id 6, wireType 0 =*/48).bool(message.validated);
                if (message.precision != null && $Object.hasOwnProperty.call(message, "precision") && !$Object.is(message.precision, 0))
                    writer.uint32(/* id 7, wireType 1 =*/57).double(message.precision);
                if (message.recall != null && $Object.hasOwnProperty.call(message, "recall") && !$Object.is(message.recall, 0))
                    writer.uint32(/* id 8, wireType 1 =*/65).double(message.recall);
                if (message.map50 != null && $Object.hasOwnProperty.call(message, "map50") && !$Object.is(message.map50, 0))
                    writer.uint32(/* id 9, wireType 1 =*/73).double(message.map50);
                if (message.map != null && $Object.hasOwnProperty.call(message, "map") && !$Object.is(message.map, 0))
                    writer.uint32(/* id 10, wireType 1 =*/81).double(message.map);
                if (message.ap65 != null && $Object.hasOwnProperty.call(message, "ap65") && !$Object.is(message.ap65, 0))
                    writer.uint32(/* id 11, wireType 1 =*/89).double(message.ap65);
                if (message.ap75 != null && $Object.hasOwnProperty.call(message, "ap75") && !$Object.is(message.ap75, 0))
                    writer.uint32(/* id 12, wireType 1 =*/97).double(message.ap75);
                if (message.ap80 != null && $Object.hasOwnProperty.call(message, "ap80") && !$Object.is(message.ap80, 0))
                    writer.uint32(/* id 13, wireType 1 =*/105).double(message.ap80);
                if (message.ap90 != null && $Object.hasOwnProperty.call(message, "ap90") && !$Object.is(message.ap90, 0))
                    writer.uint32(/* id 14, wireType 1 =*/113).double(message.ap90);
                if (message.valBoxLoss != null && $Object.hasOwnProperty.call(message, "valBoxLoss") && !$Object.is(message.valBoxLoss, 0))
                    writer.uint32(/* id 15, wireType 1 =*/121).double(message.valBoxLoss);
                if (message.valObjLoss != null && $Object.hasOwnProperty.call(message, "valObjLoss") && !$Object.is(message.valObjLoss, 0))
                    writer.uint32(/* id 16, wireType 1 =*/129).double(message.valObjLoss);
                if (message.valClsLoss != null && $Object.hasOwnProperty.call(message, "valClsLoss") && !$Object.is(message.valClsLoss, 0))
                    writer.uint32(/* id 17, wireType 1 =*/137).double(message.valClsLoss);
                if (message.fitness != null && $Object.hasOwnProperty.call(message, "fitness") && !$Object.is(message.fitness, 0))
                    writer.uint32(/* id 18, wireType 1 =*/145).double(message.fitness);
                if (message.best != null && $Object.hasOwnProperty.call(message, "best") && message.best !== false)
                    writer.uint32(/* id 19, wireType 0 =*/152).bool(message.best);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(/* id 20, wireType 1 =*/161).double(message.seconds);
                if (message.valSeconds != null && $Object.hasOwnProperty.call(message, "valSeconds") && !$Object.is(message.valSeconds, 0))
                    writer.uint32(/* id 21, wireType 1 =*/169).double(message.valSeconds);
                if (message.imagesSeen != null && $Object.hasOwnProperty.call(message, "imagesSeen") && (typeof message.imagesSeen === "object" ? message.imagesSeen.low || message.imagesSeen.high : message.imagesSeen !== 0))
                    writer.uint32(/* id 22, wireType 0 =*/176).uint64(message.imagesSeen);
                if (message.labels != null && $Object.hasOwnProperty.call(message, "labels") && (typeof message.labels === "object" ? message.labels.low || message.labels.high : message.labels !== 0))
                    writer.uint32(/* id 23, wireType 0 =*/184).uint64(message.labels);
                if (message.valImages != null && $Object.hasOwnProperty.call(message, "valImages") && (typeof message.valImages === "object" ? message.valImages.low || message.valImages.high : message.valImages !== 0))
                    writer.uint32(/* id 24, wireType 0 =*/192).uint64(message.valImages);
                if (message.allreduceHiddenShare != null && $Object.hasOwnProperty.call(message, "allreduceHiddenShare") && !$Object.is(message.allreduceHiddenShare, 0))
                    writer.uint32(/* id 25, wireType 1 =*/201).double(message.allreduceHiddenShare);
                if (message.compressionError != null && $Object.hasOwnProperty.call(message, "compressionError") && !$Object.is(message.compressionError, 0))
                    writer.uint32(/* id 26, wireType 1 =*/209).double(message.compressionError);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an EpochReport message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.EpochReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.EpochReport & lockstep.control.EpochReport.$Shape} EpochReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 25: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.allreduceHiddenShare = value;
                            else
                                delete message.allreduceHiddenShare;
                            continue;
                        }
                    case 26: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.compressionError = value;
                            else
                                delete message.compressionError;
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

        control.LedgerReport = (function() {

            /**
             * Properties of a LedgerReport.
             * @typedef {Object} lockstep.control.LedgerReport.$Properties
             * @property {number|null} [epoch] LedgerReport epoch
             * @property {number|null} [images] LedgerReport images
             * @property {number|null} [expectedImages] LedgerReport expectedImages
             * @property {number|null} [unreadable] LedgerReport unreadable
             * @property {number|null} [nonFinite] LedgerReport nonFinite
             * @property {string|null} [checksum] LedgerReport checksum
             * @property {string|null} [expectedChecksum] LedgerReport expectedChecksum
             * @property {boolean|null} [complete] LedgerReport complete
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a LedgerReport.
             * @memberof lockstep.control
             * @interface ILedgerReport
             * @augments lockstep.control.LedgerReport.$Properties
             * @deprecated Use lockstep.control.LedgerReport.$Properties instead.
             */

            /**
             * Shape of a LedgerReport.
             * @typedef {lockstep.control.LedgerReport.$Properties} lockstep.control.LedgerReport.$Shape
             */

            /**
             * Constructs a new LedgerReport.
             * @memberof lockstep.control
             * @classdesc Represents a LedgerReport.
             * @constructor
             * @param {lockstep.control.LedgerReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const LedgerReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * LedgerReport epoch.
             * @member {number} epoch
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.epoch = 0;

            /**
             * LedgerReport images.
             * @member {number} images
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.images = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * LedgerReport expectedImages.
             * @member {number} expectedImages
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.expectedImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * LedgerReport unreadable.
             * @member {number} unreadable
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.unreadable = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * LedgerReport nonFinite.
             * @member {number} nonFinite
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.nonFinite = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * LedgerReport checksum.
             * @member {string} checksum
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.checksum = "";

            /**
             * LedgerReport expectedChecksum.
             * @member {string} expectedChecksum
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.expectedChecksum = "";

            /**
             * LedgerReport complete.
             * @member {boolean} complete
             * @memberof lockstep.control.LedgerReport
             * @instance
             */
            LedgerReport.prototype.complete = false;

            /**
             * Encodes the specified LedgerReport message. Does not implicitly {@link lockstep.control.LedgerReport.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.LedgerReport
             * @static
             * @param {lockstep.control.LedgerReport.$Properties} message LedgerReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            LedgerReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.epoch);
                if (message.images != null && $Object.hasOwnProperty.call(message, "images") && (typeof message.images === "object" ? message.images.low || message.images.high : message.images !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.images);
                if (message.expectedImages != null && $Object.hasOwnProperty.call(message, "expectedImages") && (typeof message.expectedImages === "object" ? message.expectedImages.low || message.expectedImages.high : message.expectedImages !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.expectedImages);
                if (message.unreadable != null && $Object.hasOwnProperty.call(message, "unreadable") && (typeof message.unreadable === "object" ? message.unreadable.low || message.unreadable.high : message.unreadable !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.unreadable);
                if (message.nonFinite != null && $Object.hasOwnProperty.call(message, "nonFinite") && (typeof message.nonFinite === "object" ? message.nonFinite.low || message.nonFinite.high : message.nonFinite !== 0))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.nonFinite);
                if (message.checksum != null && $Object.hasOwnProperty.call(message, "checksum") && message.checksum !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.checksum);
                if (message.expectedChecksum != null && $Object.hasOwnProperty.call(message, "expectedChecksum") && message.expectedChecksum !== "")
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.expectedChecksum);
                if (message.complete != null && $Object.hasOwnProperty.call(message, "complete") && message.complete !== false)
                    writer.uint32(/* id 8, wireType 0 =*/64).bool(message.complete);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a LedgerReport message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.LedgerReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.LedgerReport & lockstep.control.LedgerReport.$Shape} LedgerReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            LedgerReport.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.LedgerReport();
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
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.images = value;
                            else
                                delete message.images;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.expectedImages = value;
                            else
                                delete message.expectedImages;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.unreadable = value;
                            else
                                delete message.unreadable;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.nonFinite = value;
                            else
                                delete message.nonFinite;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.checksum = value;
                            else
                                delete message.checksum;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.expectedChecksum = value;
                            else
                                delete message.expectedChecksum;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.complete = value;
                            else
                                delete message.complete;
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

            return LedgerReport;
        })();

        control.CheckpointNotice = (function() {

            /**
             * Properties of a CheckpointNotice.
             * @typedef {Object} lockstep.control.CheckpointNotice.$Properties
             * @property {string|null} [path] CheckpointNotice path
             * @property {number|null} [epoch] CheckpointNotice epoch
             * @property {number|null} [step] CheckpointNotice step
             * @property {number|null} [bytes] CheckpointNotice bytes
             * @property {number|null} [seconds] CheckpointNotice seconds
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a CheckpointNotice.
             * @memberof lockstep.control
             * @interface ICheckpointNotice
             * @augments lockstep.control.CheckpointNotice.$Properties
             * @deprecated Use lockstep.control.CheckpointNotice.$Properties instead.
             */

            /**
             * Shape of a CheckpointNotice.
             * @typedef {lockstep.control.CheckpointNotice.$Properties} lockstep.control.CheckpointNotice.$Shape
             */

            /**
             * Constructs a new CheckpointNotice.
             * @memberof lockstep.control
             * @classdesc Represents a CheckpointNotice.
             * @constructor
             * @param {lockstep.control.CheckpointNotice.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const CheckpointNotice = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * CheckpointNotice path.
             * @member {string} path
             * @memberof lockstep.control.CheckpointNotice
             * @instance
             */
            CheckpointNotice.prototype.path = "";

            /**
             * CheckpointNotice epoch.
             * @member {number} epoch
             * @memberof lockstep.control.CheckpointNotice
             * @instance
             */
            CheckpointNotice.prototype.epoch = 0;

            /**
             * CheckpointNotice step.
             * @member {number} step
             * @memberof lockstep.control.CheckpointNotice
             * @instance
             */
            CheckpointNotice.prototype.step = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * CheckpointNotice bytes.
             * @member {number} bytes
             * @memberof lockstep.control.CheckpointNotice
             * @instance
             */
            CheckpointNotice.prototype.bytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * CheckpointNotice seconds.
             * @member {number} seconds
             * @memberof lockstep.control.CheckpointNotice
             * @instance
             */
            CheckpointNotice.prototype.seconds = 0;

            /**
             * Encodes the specified CheckpointNotice message. Does not implicitly {@link lockstep.control.CheckpointNotice.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.CheckpointNotice
             * @static
             * @param {lockstep.control.CheckpointNotice.$Properties} message CheckpointNotice message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            CheckpointNotice.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.path != null && $Object.hasOwnProperty.call(message, "path") && message.path !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.path);
                if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.epoch);
                if (message.step != null && $Object.hasOwnProperty.call(message, "step") && (typeof message.step === "object" ? message.step.low || message.step.high : message.step !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.step);
                if (message.bytes != null && $Object.hasOwnProperty.call(message, "bytes") && (typeof message.bytes === "object" ? message.bytes.low || message.bytes.high : message.bytes !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.bytes);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a CheckpointNotice message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.CheckpointNotice
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.CheckpointNotice & lockstep.control.CheckpointNotice.$Shape} CheckpointNotice
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Drain.
             * @typedef {Object} lockstep.control.Drain.$Properties
             * @property {string|null} [reason] Drain reason
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Drain.
             * @memberof lockstep.control
             * @interface IDrain
             * @augments lockstep.control.Drain.$Properties
             * @deprecated Use lockstep.control.Drain.$Properties instead.
             */

            /**
             * Shape of a Drain.
             * @typedef {lockstep.control.Drain.$Properties} lockstep.control.Drain.$Shape
             */

            /**
             * Constructs a new Drain.
             * @memberof lockstep.control
             * @classdesc Represents a Drain.
             * @constructor
             * @param {lockstep.control.Drain.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Drain = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Drain reason.
             * @member {string} reason
             * @memberof lockstep.control.Drain
             * @instance
             */
            Drain.prototype.reason = "";

            /**
             * Encodes the specified Drain message. Does not implicitly {@link lockstep.control.Drain.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Drain
             * @static
             * @param {lockstep.control.Drain.$Properties} message Drain message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Drain.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Drain message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Drain
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Drain & lockstep.control.Drain.$Shape} Drain
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of an Abort.
             * @typedef {Object} lockstep.control.Abort.$Properties
             * @property {lockstep.control.Failure.$Properties|null} [cause] Abort cause
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Abort.
             * @memberof lockstep.control
             * @interface IAbort
             * @augments lockstep.control.Abort.$Properties
             * @deprecated Use lockstep.control.Abort.$Properties instead.
             */

            /**
             * Shape of an Abort.
             * @typedef {lockstep.control.Abort.$Properties} lockstep.control.Abort.$Shape
             */

            /**
             * Constructs a new Abort.
             * @memberof lockstep.control
             * @classdesc Represents an Abort.
             * @constructor
             * @param {lockstep.control.Abort.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Abort = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Abort cause.
             * @member {lockstep.control.Failure.$Properties|null|undefined} cause
             * @memberof lockstep.control.Abort
             * @instance
             */
            Abort.prototype.cause = null;

            /**
             * Encodes the specified Abort message. Does not implicitly {@link lockstep.control.Abort.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Abort
             * @static
             * @param {lockstep.control.Abort.$Properties} message Abort message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Abort.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.cause != null && $Object.hasOwnProperty.call(message, "cause"))
                    $root.lockstep.control.Failure.encode(message.cause, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Abort message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Abort
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Abort & lockstep.control.Abort.$Shape} Abort
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Failure.
             * @typedef {Object} lockstep.control.Failure.$Properties
             * @property {number|null} [rank] Failure rank
             * @property {string|null} [code] Failure code
             * @property {string|null} [message] Failure message
             * @property {string|null} [hint] Failure hint
             * @property {string|null} [detailsJson] Failure detailsJson
             * @property {string|null} [stack] Failure stack
             * @property {string|null} [phase] Failure phase
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Failure.
             * @memberof lockstep.control
             * @interface IFailure
             * @augments lockstep.control.Failure.$Properties
             * @deprecated Use lockstep.control.Failure.$Properties instead.
             */

            /**
             * Shape of a Failure.
             * @typedef {lockstep.control.Failure.$Properties} lockstep.control.Failure.$Shape
             */

            /**
             * Constructs a new Failure.
             * @memberof lockstep.control
             * @classdesc Represents a Failure.
             * @constructor
             * @param {lockstep.control.Failure.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Failure = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Failure rank.
             * @member {number} rank
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.rank = 0;

            /**
             * Failure code.
             * @member {string} code
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.code = "";

            /**
             * Failure message.
             * @member {string} message
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.message = "";

            /**
             * Failure hint.
             * @member {string} hint
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.hint = "";

            /**
             * Failure detailsJson.
             * @member {string} detailsJson
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.detailsJson = "";

            /**
             * Failure stack.
             * @member {string} stack
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.stack = "";

            /**
             * Failure phase.
             * @member {string} phase
             * @memberof lockstep.control.Failure
             * @instance
             */
            Failure.prototype.phase = "";

            /**
             * Encodes the specified Failure message. Does not implicitly {@link lockstep.control.Failure.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Failure
             * @static
             * @param {lockstep.control.Failure.$Properties} message Failure message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Failure.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.message);
                if (message.hint != null && $Object.hasOwnProperty.call(message, "hint") && message.hint !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.hint);
                if (message.detailsJson != null && $Object.hasOwnProperty.call(message, "detailsJson") && message.detailsJson !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.detailsJson);
                if (message.stack != null && $Object.hasOwnProperty.call(message, "stack") && message.stack !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.stack);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(/* id 7, wireType 2 =*/58).string(message.phase);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Failure message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Failure
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Failure & lockstep.control.Failure.$Shape} Failure
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Farewell.
             * @typedef {Object} lockstep.control.Farewell.$Properties
             * @property {number|null} [rank] Farewell rank
             * @property {string|null} [weightsSha256] Farewell weightsSha256
             * @property {string|null} [stopReason] Farewell stopReason
             * @property {number|null} [peakResidentBytes] Farewell peakResidentBytes
             * @property {boolean|null} [resumable] Farewell resumable
             * @property {string|null} [summaryJson] Farewell summaryJson
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Farewell.
             * @memberof lockstep.control
             * @interface IFarewell
             * @augments lockstep.control.Farewell.$Properties
             * @deprecated Use lockstep.control.Farewell.$Properties instead.
             */

            /**
             * Shape of a Farewell.
             * @typedef {lockstep.control.Farewell.$Properties} lockstep.control.Farewell.$Shape
             */

            /**
             * Constructs a new Farewell.
             * @memberof lockstep.control
             * @classdesc Represents a Farewell.
             * @constructor
             * @param {lockstep.control.Farewell.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Farewell = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Farewell rank.
             * @member {number} rank
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.rank = 0;

            /**
             * Farewell weightsSha256.
             * @member {string} weightsSha256
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.weightsSha256 = "";

            /**
             * Farewell stopReason.
             * @member {string} stopReason
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.stopReason = "";

            /**
             * Farewell peakResidentBytes.
             * @member {number} peakResidentBytes
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.peakResidentBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Farewell resumable.
             * @member {boolean} resumable
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.resumable = false;

            /**
             * Farewell summaryJson.
             * @member {string} summaryJson
             * @memberof lockstep.control.Farewell
             * @instance
             */
            Farewell.prototype.summaryJson = "";

            /**
             * Encodes the specified Farewell message. Does not implicitly {@link lockstep.control.Farewell.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Farewell
             * @static
             * @param {lockstep.control.Farewell.$Properties} message Farewell message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Farewell.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.weightsSha256 != null && $Object.hasOwnProperty.call(message, "weightsSha256") && message.weightsSha256 !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.weightsSha256);
                if (message.stopReason != null && $Object.hasOwnProperty.call(message, "stopReason") && message.stopReason !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.stopReason);
                if (message.peakResidentBytes != null && $Object.hasOwnProperty.call(message, "peakResidentBytes") && (typeof message.peakResidentBytes === "object" ? message.peakResidentBytes.low || message.peakResidentBytes.high : message.peakResidentBytes !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.peakResidentBytes);
                if (message.resumable != null && $Object.hasOwnProperty.call(message, "resumable") && message.resumable !== false)
                    writer.uint32(/* id 5, wireType 0 =*/40).bool(message.resumable);
                if (message.summaryJson != null && $Object.hasOwnProperty.call(message, "summaryJson") && message.summaryJson !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.summaryJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Farewell message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Farewell
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Farewell & lockstep.control.Farewell.$Shape} Farewell
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a Refusal.
             * @typedef {Object} lockstep.control.Refusal.$Properties
             * @property {string|null} [code] Refusal code
             * @property {string|null} [message] Refusal message
             * @property {string|null} [hint] Refusal hint
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Refusal.
             * @memberof lockstep.control
             * @interface IRefusal
             * @augments lockstep.control.Refusal.$Properties
             * @deprecated Use lockstep.control.Refusal.$Properties instead.
             */

            /**
             * Shape of a Refusal.
             * @typedef {lockstep.control.Refusal.$Properties} lockstep.control.Refusal.$Shape
             */

            /**
             * Constructs a new Refusal.
             * @memberof lockstep.control
             * @classdesc Represents a Refusal.
             * @constructor
             * @param {lockstep.control.Refusal.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Refusal = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Refusal code.
             * @member {string} code
             * @memberof lockstep.control.Refusal
             * @instance
             */
            Refusal.prototype.code = "";

            /**
             * Refusal message.
             * @member {string} message
             * @memberof lockstep.control.Refusal
             * @instance
             */
            Refusal.prototype.message = "";

            /**
             * Refusal hint.
             * @member {string} hint
             * @memberof lockstep.control.Refusal
             * @instance
             */
            Refusal.prototype.hint = "";

            /**
             * Encodes the specified Refusal message. Does not implicitly {@link lockstep.control.Refusal.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.Refusal
             * @static
             * @param {lockstep.control.Refusal.$Properties} message Refusal message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Refusal.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.code);
                if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                if (message.hint != null && $Object.hasOwnProperty.call(message, "hint") && message.hint !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.hint);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Refusal message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.Refusal
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.Refusal & lockstep.control.Refusal.$Shape} Refusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a MetricsReport.
             * @typedef {Object} lockstep.control.MetricsReport.$Properties
             * @property {number|null} [rank] MetricsReport rank
             * @property {string|null} [registryJson] MetricsReport registryJson
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a MetricsReport.
             * @memberof lockstep.control
             * @interface IMetricsReport
             * @augments lockstep.control.MetricsReport.$Properties
             * @deprecated Use lockstep.control.MetricsReport.$Properties instead.
             */

            /**
             * Shape of a MetricsReport.
             * @typedef {lockstep.control.MetricsReport.$Properties} lockstep.control.MetricsReport.$Shape
             */

            /**
             * Constructs a new MetricsReport.
             * @memberof lockstep.control
             * @classdesc Represents a MetricsReport.
             * @constructor
             * @param {lockstep.control.MetricsReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const MetricsReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * MetricsReport rank.
             * @member {number} rank
             * @memberof lockstep.control.MetricsReport
             * @instance
             */
            MetricsReport.prototype.rank = 0;

            /**
             * MetricsReport registryJson.
             * @member {string} registryJson
             * @memberof lockstep.control.MetricsReport
             * @instance
             */
            MetricsReport.prototype.registryJson = "";

            /**
             * Encodes the specified MetricsReport message. Does not implicitly {@link lockstep.control.MetricsReport.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.MetricsReport
             * @static
             * @param {lockstep.control.MetricsReport.$Properties} message MetricsReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            MetricsReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.registryJson != null && $Object.hasOwnProperty.call(message, "registryJson") && message.registryJson !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.registryJson);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a MetricsReport message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.MetricsReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.MetricsReport & lockstep.control.MetricsReport.$Shape} MetricsReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a NodeFarewell.
             * @typedef {Object} lockstep.control.NodeFarewell.$Properties
             * @property {number|null} [nodeRank] NodeFarewell nodeRank
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a NodeFarewell.
             * @memberof lockstep.control
             * @interface INodeFarewell
             * @augments lockstep.control.NodeFarewell.$Properties
             * @deprecated Use lockstep.control.NodeFarewell.$Properties instead.
             */

            /**
             * Shape of a NodeFarewell.
             * @typedef {lockstep.control.NodeFarewell.$Properties} lockstep.control.NodeFarewell.$Shape
             */

            /**
             * Constructs a new NodeFarewell.
             * @memberof lockstep.control
             * @classdesc Represents a NodeFarewell.
             * @constructor
             * @param {lockstep.control.NodeFarewell.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const NodeFarewell = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * NodeFarewell nodeRank.
             * @member {number} nodeRank
             * @memberof lockstep.control.NodeFarewell
             * @instance
             */
            NodeFarewell.prototype.nodeRank = 0;

            /**
             * Encodes the specified NodeFarewell message. Does not implicitly {@link lockstep.control.NodeFarewell.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.NodeFarewell
             * @static
             * @param {lockstep.control.NodeFarewell.$Properties} message NodeFarewell message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            NodeFarewell.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.nodeRank != null && $Object.hasOwnProperty.call(message, "nodeRank") && message.nodeRank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nodeRank);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a NodeFarewell message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.NodeFarewell
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.NodeFarewell & lockstep.control.NodeFarewell.$Shape} NodeFarewell
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a PhaseReport.
             * @typedef {Object} lockstep.control.PhaseReport.$Properties
             * @property {number|null} [rank] PhaseReport rank
             * @property {string|null} [phase] PhaseReport phase
             * @property {number|null} [done] PhaseReport done
             * @property {number|null} [total] PhaseReport total
             * @property {number|null} [seconds] PhaseReport seconds
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a PhaseReport.
             * @memberof lockstep.control
             * @interface IPhaseReport
             * @augments lockstep.control.PhaseReport.$Properties
             * @deprecated Use lockstep.control.PhaseReport.$Properties instead.
             */

            /**
             * Shape of a PhaseReport.
             * @typedef {lockstep.control.PhaseReport.$Properties} lockstep.control.PhaseReport.$Shape
             */

            /**
             * Constructs a new PhaseReport.
             * @memberof lockstep.control
             * @classdesc Represents a PhaseReport.
             * @constructor
             * @param {lockstep.control.PhaseReport.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const PhaseReport = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * PhaseReport rank.
             * @member {number} rank
             * @memberof lockstep.control.PhaseReport
             * @instance
             */
            PhaseReport.prototype.rank = 0;

            /**
             * PhaseReport phase.
             * @member {string} phase
             * @memberof lockstep.control.PhaseReport
             * @instance
             */
            PhaseReport.prototype.phase = "";

            /**
             * PhaseReport done.
             * @member {number} done
             * @memberof lockstep.control.PhaseReport
             * @instance
             */
            PhaseReport.prototype.done = 0;

            /**
             * PhaseReport total.
             * @member {number} total
             * @memberof lockstep.control.PhaseReport
             * @instance
             */
            PhaseReport.prototype.total = 0;

            /**
             * PhaseReport seconds.
             * @member {number} seconds
             * @memberof lockstep.control.PhaseReport
             * @instance
             */
            PhaseReport.prototype.seconds = 0;

            /**
             * Encodes the specified PhaseReport message. Does not implicitly {@link lockstep.control.PhaseReport.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.PhaseReport
             * @static
             * @param {lockstep.control.PhaseReport.$Properties} message PhaseReport message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            PhaseReport.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.rank != null && $Object.hasOwnProperty.call(message, "rank") && message.rank !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.rank);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.phase);
                if (message.done != null && $Object.hasOwnProperty.call(message, "done") && message.done !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.done);
                if (message.total != null && $Object.hasOwnProperty.call(message, "total") && message.total !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.total);
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && !$Object.is(message.seconds, 0))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.seconds);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a PhaseReport message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.PhaseReport
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.PhaseReport & lockstep.control.PhaseReport.$Shape} PhaseReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

            /**
             * Properties of a RunStarted.
             * @typedef {Object} lockstep.control.RunStarted.$Properties
             * @property {number|null} [numParameters] RunStarted numParameters
             * @property {number|null} [numLayers] RunStarted numLayers
             * @property {number|null} [gflops] RunStarted gflops
             * @property {number|null} [trainImages] RunStarted trainImages
             * @property {number|null} [valImages] RunStarted valImages
             * @property {number|null} [startEpoch] RunStarted startEpoch
             * @property {number|null} [epochs] RunStarted epochs
             * @property {Array.<string>|null} [notes] RunStarted notes
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a RunStarted.
             * @memberof lockstep.control
             * @interface IRunStarted
             * @augments lockstep.control.RunStarted.$Properties
             * @deprecated Use lockstep.control.RunStarted.$Properties instead.
             */

            /**
             * Shape of a RunStarted.
             * @typedef {lockstep.control.RunStarted.$Properties} lockstep.control.RunStarted.$Shape
             */

            /**
             * Constructs a new RunStarted.
             * @memberof lockstep.control
             * @classdesc Represents a RunStarted.
             * @constructor
             * @param {lockstep.control.RunStarted.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const RunStarted = function (properties) {
                this.notes = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * RunStarted numParameters.
             * @member {number} numParameters
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.numParameters = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * RunStarted numLayers.
             * @member {number} numLayers
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.numLayers = 0;

            /**
             * RunStarted gflops.
             * @member {number} gflops
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.gflops = 0;

            /**
             * RunStarted trainImages.
             * @member {number} trainImages
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.trainImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * RunStarted valImages.
             * @member {number} valImages
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.valImages = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * RunStarted startEpoch.
             * @member {number} startEpoch
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.startEpoch = 0;

            /**
             * RunStarted epochs.
             * @member {number} epochs
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.epochs = 0;

            /**
             * RunStarted notes.
             * @member {Array.<string>} notes
             * @memberof lockstep.control.RunStarted
             * @instance
             */
            RunStarted.prototype.notes = $util.emptyArray;

            /**
             * Encodes the specified RunStarted message. Does not implicitly {@link lockstep.control.RunStarted.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.RunStarted
             * @static
             * @param {lockstep.control.RunStarted.$Properties} message RunStarted message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            RunStarted.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.numParameters != null && $Object.hasOwnProperty.call(message, "numParameters") && (typeof message.numParameters === "object" ? message.numParameters.low || message.numParameters.high : message.numParameters !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.numParameters);
                if (message.numLayers != null && $Object.hasOwnProperty.call(message, "numLayers") && message.numLayers !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.numLayers);
                if (message.gflops != null && $Object.hasOwnProperty.call(message, "gflops") && !$Object.is(message.gflops, 0))
                    writer.uint32(/* id 3, wireType 1 =*/25).double(message.gflops);
                if (message.trainImages != null && $Object.hasOwnProperty.call(message, "trainImages") && (typeof message.trainImages === "object" ? message.trainImages.low || message.trainImages.high : message.trainImages !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.trainImages);
                if (message.valImages != null && $Object.hasOwnProperty.call(message, "valImages") && (typeof message.valImages === "object" ? message.valImages.low || message.valImages.high : message.valImages !== 0))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.valImages);
                if (message.startEpoch != null && $Object.hasOwnProperty.call(message, "startEpoch") && message.startEpoch !== 0)
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.startEpoch);
                if (message.epochs != null && $Object.hasOwnProperty.call(message, "epochs") && message.epochs !== 0)
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.epochs);
                if (message.notes != null && message.notes.length)
                    for (let i = 0; i < message.notes.length; ++i)
                        writer.uint32(/* id 8, wireType 2 =*/66).string(message.notes[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a RunStarted message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.RunStarted
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.RunStarted & lockstep.control.RunStarted.$Shape} RunStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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

        control.ClockQuestion = (function() {

            /**
             * Properties of a ClockQuestion.
             * @typedef {Object} lockstep.control.ClockQuestion.$Properties
             * @property {number|null} [askedMs] ClockQuestion askedMs
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ClockQuestion.
             * @memberof lockstep.control
             * @interface IClockQuestion
             * @augments lockstep.control.ClockQuestion.$Properties
             * @deprecated Use lockstep.control.ClockQuestion.$Properties instead.
             */

            /**
             * Shape of a ClockQuestion.
             * @typedef {lockstep.control.ClockQuestion.$Properties} lockstep.control.ClockQuestion.$Shape
             */

            /**
             * Constructs a new ClockQuestion.
             * @memberof lockstep.control
             * @classdesc Represents a ClockQuestion.
             * @constructor
             * @param {lockstep.control.ClockQuestion.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ClockQuestion = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ClockQuestion askedMs.
             * @member {number} askedMs
             * @memberof lockstep.control.ClockQuestion
             * @instance
             */
            ClockQuestion.prototype.askedMs = 0;

            /**
             * Encodes the specified ClockQuestion message. Does not implicitly {@link lockstep.control.ClockQuestion.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.ClockQuestion
             * @static
             * @param {lockstep.control.ClockQuestion.$Properties} message ClockQuestion message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClockQuestion.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.askedMs != null && $Object.hasOwnProperty.call(message, "askedMs") && !$Object.is(message.askedMs, 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).double(message.askedMs);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ClockQuestion message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.ClockQuestion
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.ClockQuestion & lockstep.control.ClockQuestion.$Shape} ClockQuestion
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClockQuestion.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.ClockQuestion();
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
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.askedMs = value;
                            else
                                delete message.askedMs;
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

            return ClockQuestion;
        })();

        control.ClockAnswer = (function() {

            /**
             * Properties of a ClockAnswer.
             * @typedef {Object} lockstep.control.ClockAnswer.$Properties
             * @property {number|null} [askedMs] ClockAnswer askedMs
             * @property {number|null} [nowMs] ClockAnswer nowMs
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ClockAnswer.
             * @memberof lockstep.control
             * @interface IClockAnswer
             * @augments lockstep.control.ClockAnswer.$Properties
             * @deprecated Use lockstep.control.ClockAnswer.$Properties instead.
             */

            /**
             * Shape of a ClockAnswer.
             * @typedef {lockstep.control.ClockAnswer.$Properties} lockstep.control.ClockAnswer.$Shape
             */

            /**
             * Constructs a new ClockAnswer.
             * @memberof lockstep.control
             * @classdesc Represents a ClockAnswer.
             * @constructor
             * @param {lockstep.control.ClockAnswer.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ClockAnswer = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ClockAnswer askedMs.
             * @member {number} askedMs
             * @memberof lockstep.control.ClockAnswer
             * @instance
             */
            ClockAnswer.prototype.askedMs = 0;

            /**
             * ClockAnswer nowMs.
             * @member {number} nowMs
             * @memberof lockstep.control.ClockAnswer
             * @instance
             */
            ClockAnswer.prototype.nowMs = 0;

            /**
             * Encodes the specified ClockAnswer message. Does not implicitly {@link lockstep.control.ClockAnswer.verify|verify} messages.
             * @function encode
             * @memberof lockstep.control.ClockAnswer
             * @static
             * @param {lockstep.control.ClockAnswer.$Properties} message ClockAnswer message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClockAnswer.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.askedMs != null && $Object.hasOwnProperty.call(message, "askedMs") && !$Object.is(message.askedMs, 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).double(message.askedMs);
                if (message.nowMs != null && $Object.hasOwnProperty.call(message, "nowMs") && !$Object.is(message.nowMs, 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).double(message.nowMs);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ClockAnswer message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.control.ClockAnswer
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.control.ClockAnswer & lockstep.control.ClockAnswer.$Shape} ClockAnswer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClockAnswer.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.control.ClockAnswer();
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
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.askedMs = value;
                            else
                                delete message.askedMs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (!$Object.is(value = reader.double(), 0))
                                message.nowMs = value;
                            else
                                delete message.nowMs;
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

            return ClockAnswer;
        })();

        return control;
    })();

    lockstep.data = (function() {

        /**
         * Namespace data.
         * @memberof lockstep
         * @namespace
         */
        const data = {};

        /**
         * Phase enum.
         * @name lockstep.data.Phase
         * @enum {number}
         * @property {number} PARTIAL=0 PARTIAL value
         * @property {number} RESULT=1 RESULT value
         * @property {number} GATHER=2 GATHER value
         * @property {number} BROADCAST=3 BROADCAST value
         * @property {number} SHARED_MEMORY=8 SHARED_MEMORY value
         * @property {number} DOORBELL=9 DOORBELL value
         * @property {number} RESEND_PARTIAL=10 RESEND_PARTIAL value
         * @property {number} RESEND_RESULT=11 RESEND_RESULT value
         */
        data.Phase = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "PARTIAL"] = 0;
            values[valuesById[1] = "RESULT"] = 1;
            values[valuesById[2] = "GATHER"] = 2;
            values[valuesById[3] = "BROADCAST"] = 3;
            values[valuesById[8] = "SHARED_MEMORY"] = 8;
            values[valuesById[9] = "DOORBELL"] = 9;
            values[valuesById[10] = "RESEND_PARTIAL"] = 10;
            values[valuesById[11] = "RESEND_RESULT"] = 11;
            return values;
        })();

        data.SharedMemory = (function() {

            /**
             * Properties of a SharedMemory.
             * @typedef {Object} lockstep.data.SharedMemory.$Properties
             * @property {lockstep.data.SharedMemory.Kind|null} [kind] SharedMemory kind
             * @property {number|null} [pid] SharedMemory pid
             * @property {number|null} [fd] SharedMemory fd
             * @property {Uint8Array|null} [proof] SharedMemory proof
             * @property {boolean|null} [ok] SharedMemory ok
             * @property {string|null} [reason] SharedMemory reason
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SharedMemory.
             * @memberof lockstep.data
             * @interface ISharedMemory
             * @augments lockstep.data.SharedMemory.$Properties
             * @deprecated Use lockstep.data.SharedMemory.$Properties instead.
             */

            /**
             * Shape of a SharedMemory.
             * @typedef {lockstep.data.SharedMemory.$Properties} lockstep.data.SharedMemory.$Shape
             */

            /**
             * Constructs a new SharedMemory.
             * @memberof lockstep.data
             * @classdesc Represents a SharedMemory.
             * @constructor
             * @param {lockstep.data.SharedMemory.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SharedMemory = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SharedMemory kind.
             * @member {lockstep.data.SharedMemory.Kind} kind
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.kind = 0;

            /**
             * SharedMemory pid.
             * @member {number} pid
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.pid = 0;

            /**
             * SharedMemory fd.
             * @member {number} fd
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.fd = 0;

            /**
             * SharedMemory proof.
             * @member {Uint8Array} proof
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.proof = $util.newBuffer([]);

            /**
             * SharedMemory ok.
             * @member {boolean} ok
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.ok = false;

            /**
             * SharedMemory reason.
             * @member {string} reason
             * @memberof lockstep.data.SharedMemory
             * @instance
             */
            SharedMemory.prototype.reason = "";

            /**
             * Encodes the specified SharedMemory message. Does not implicitly {@link lockstep.data.SharedMemory.verify|verify} messages.
             * @function encode
             * @memberof lockstep.data.SharedMemory
             * @static
             * @param {lockstep.data.SharedMemory.$Properties} message SharedMemory message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SharedMemory.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.kind);
                if (message.pid != null && $Object.hasOwnProperty.call(message, "pid") && message.pid !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.pid);
                if (message.fd != null && $Object.hasOwnProperty.call(message, "fd") && message.fd !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.fd);
                if (message.proof != null && $Object.hasOwnProperty.call(message, "proof") && message.proof.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.proof);
                if (message.ok != null && $Object.hasOwnProperty.call(message, "ok") && message.ok !== false)
                    writer.uint32(/* id 5, wireType 0 =*/40).bool(message.ok);
                if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.reason);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SharedMemory message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.data.SharedMemory
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.data.SharedMemory & lockstep.data.SharedMemory.$Shape} SharedMemory
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SharedMemory.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.lockstep.data.SharedMemory();
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
                                message.kind = value;
                            else
                                delete message.kind;
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
                            if (value = reader.uint32())
                                message.fd = value;
                            else
                                delete message.fd;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.proof = value;
                            else
                                delete message.proof;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.ok = value;
                            else
                                delete message.ok;
                            continue;
                        }
                    case 6: {
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

            /**
             * Kind enum.
             * @name lockstep.data.SharedMemory.Kind
             * @enum {number}
             * @property {number} OFFER=0 OFFER value
             * @property {number} ANSWER=1 ANSWER value
             * @property {number} VERDICT=2 VERDICT value
             */
            SharedMemory.Kind = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "OFFER"] = 0;
                values[valuesById[1] = "ANSWER"] = 1;
                values[valuesById[2] = "VERDICT"] = 2;
                return values;
            })();

            return SharedMemory;
        })();

        /**
         * PayloadType enum.
         * @name lockstep.data.PayloadType
         * @enum {number}
         * @property {number} FLOAT32=0 FLOAT32 value
         * @property {number} BYTES=1 BYTES value
         * @property {number} BFLOAT16=2 BFLOAT16 value
         * @property {number} FLOAT16=3 FLOAT16 value
         * @property {number} INT8=4 INT8 value
         * @property {number} TOP_K=5 TOP_K value
         */
        data.PayloadType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "FLOAT32"] = 0;
            values[valuesById[1] = "BYTES"] = 1;
            values[valuesById[2] = "BFLOAT16"] = 2;
            values[valuesById[3] = "FLOAT16"] = 3;
            values[valuesById[4] = "INT8"] = 4;
            values[valuesById[5] = "TOP_K"] = 5;
            return values;
        })();

        data.Header = (function() {

            /**
             * Properties of a Header.
             * @typedef {Object} lockstep.data.Header.$Properties
             * @property {number|null} [versionMajor] Header versionMajor
             * @property {number|null} [generation] Header generation
             * @property {number|null} [round] Header round
             * @property {number|null} [bucket] Header bucket
             * @property {lockstep.data.Phase|null} [phase] Header phase
             * @property {number|null} [chunk] Header chunk
             * @property {number|null} [virtualBegin] Header virtualBegin
             * @property {number|null} [virtualEnd] Header virtualEnd
             * @property {number|null} [sender] Header sender
             * @property {lockstep.data.PayloadType|null} [payloadType] Header payloadType
             * @property {number|null} [payloadBytes] Header payloadBytes
             * @property {number|null} [runTag] Header runTag
             * @property {number|null} [segment] Header segment
             * @property {number|null} [totalBytes] Header totalBytes
             * @property {number|null} [crc32] Header crc32
             * @property {number|null} [laneSum] Header laneSum
             * @property {number|null} [laneTurn] Header laneTurn
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Header.
             * @memberof lockstep.data
             * @interface IHeader
             * @augments lockstep.data.Header.$Properties
             * @deprecated Use lockstep.data.Header.$Properties instead.
             */

            /**
             * Shape of a Header.
             * @typedef {lockstep.data.Header.$Properties} lockstep.data.Header.$Shape
             */

            /**
             * Constructs a new Header.
             * @memberof lockstep.data
             * @classdesc Represents a Header.
             * @constructor
             * @param {lockstep.data.Header.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Header = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Header versionMajor.
             * @member {number} versionMajor
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.versionMajor = 0;

            /**
             * Header generation.
             * @member {number} generation
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.generation = 0;

            /**
             * Header round.
             * @member {number} round
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.round = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header bucket.
             * @member {number} bucket
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.bucket = 0;

            /**
             * Header phase.
             * @member {lockstep.data.Phase} phase
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.phase = 0;

            /**
             * Header chunk.
             * @member {number} chunk
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.chunk = 0;

            /**
             * Header virtualBegin.
             * @member {number} virtualBegin
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.virtualBegin = 0;

            /**
             * Header virtualEnd.
             * @member {number} virtualEnd
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.virtualEnd = 0;

            /**
             * Header sender.
             * @member {number} sender
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.sender = 0;

            /**
             * Header payloadType.
             * @member {lockstep.data.PayloadType} payloadType
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.payloadType = 0;

            /**
             * Header payloadBytes.
             * @member {number} payloadBytes
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.payloadBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header runTag.
             * @member {number} runTag
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.runTag = 0;

            /**
             * Header segment.
             * @member {number} segment
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.segment = 0;

            /**
             * Header totalBytes.
             * @member {number} totalBytes
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.totalBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Header crc32.
             * @member {number} crc32
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.crc32 = 0;

            /**
             * Header laneSum.
             * @member {number} laneSum
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.laneSum = 0;

            /**
             * Header laneTurn.
             * @member {number} laneTurn
             * @memberof lockstep.data.Header
             * @instance
             */
            Header.prototype.laneTurn = 0;

            /**
             * Encodes the specified Header message. Does not implicitly {@link lockstep.data.Header.verify|verify} messages.
             * @function encode
             * @memberof lockstep.data.Header
             * @static
             * @param {lockstep.data.Header.$Properties} message Header message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Header.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.versionMajor != null && $Object.hasOwnProperty.call(message, "versionMajor") && message.versionMajor !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.versionMajor);
                if (message.generation != null && $Object.hasOwnProperty.call(message, "generation") && message.generation !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.generation);
                if (message.round != null && $Object.hasOwnProperty.call(message, "round") && (typeof message.round === "object" ? message.round.low || message.round.high : message.round !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.round);
                if (message.bucket != null && $Object.hasOwnProperty.call(message, "bucket") && message.bucket !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.bucket);
                if (message.phase != null && $Object.hasOwnProperty.call(message, "phase") && message.phase !== 0)
                    writer.uint32(/* id 5, wireType 0 =*/40).int32(message.phase);
                if (message.chunk != null && $Object.hasOwnProperty.call(message, "chunk") && message.chunk !== 0)
                    writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.chunk);
                if (message.virtualBegin != null && $Object.hasOwnProperty.call(message, "virtualBegin") && message.virtualBegin !== 0)
                    writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.virtualBegin);
                if (message.virtualEnd != null && $Object.hasOwnProperty.call(message, "virtualEnd") && message.virtualEnd !== 0)
                    writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.virtualEnd);
                if (message.sender != null && $Object.hasOwnProperty.call(message, "sender") && message.sender !== 0)
                    writer.uint32(/* id 9, wireType 0 =*/72).uint32(message.sender);
                if (message.payloadType != null && $Object.hasOwnProperty.call(message, "payloadType") && message.payloadType !== 0)
                    writer.uint32(/* id 10, wireType 0 =*/80).int32(message.payloadType);
                if (message.payloadBytes != null && $Object.hasOwnProperty.call(message, "payloadBytes") && (typeof message.payloadBytes === "object" ? message.payloadBytes.low || message.payloadBytes.high : message.payloadBytes !== 0))
                    writer.uint32(/* id 11, wireType 0 =*/88).uint64(message.payloadBytes);
                if (message.runTag != null && $Object.hasOwnProperty.call(message, "runTag") && message.runTag !== 0)
                    writer.uint32(/* id 13, wireType 5 =*/109).fixed32(message.runTag);
                if (message.segment != null && $Object.hasOwnProperty.call(message, "segment") && message.segment !== 0)
                    writer.uint32(/* id 14, wireType 0 =*/112).uint32(message.segment);
                if (message.totalBytes != null && $Object.hasOwnProperty.call(message, "totalBytes") && (typeof message.totalBytes === "object" ? message.totalBytes.low || message.totalBytes.high : message.totalBytes !== 0))
                    writer.uint32(/* id 15, wireType 0 =*/120).uint64(message.totalBytes);
                if (message.crc32 != null && $Object.hasOwnProperty.call(message, "crc32") && message.crc32 !== 0)
                    writer.uint32(/* id 16, wireType 5 =*/133).fixed32(message.crc32);
                if (message.laneSum != null && $Object.hasOwnProperty.call(message, "laneSum") && message.laneSum !== 0)
                    writer.uint32(/* id 17, wireType 5 =*/141).fixed32(message.laneSum);
                if (message.laneTurn != null && $Object.hasOwnProperty.call(message, "laneTurn") && message.laneTurn !== 0)
                    writer.uint32(/* id 18, wireType 5 =*/149).fixed32(message.laneTurn);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Header message from the specified reader or buffer.
             * @function decode
             * @memberof lockstep.data.Header
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {lockstep.data.Header & lockstep.data.Header.$Shape} Header
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
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
                    case 13: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.runTag = value;
                            else
                                delete message.runTag;
                            continue;
                        }
                    case 14: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.segment = value;
                            else
                                delete message.segment;
                            continue;
                        }
                    case 15: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.totalBytes = value;
                            else
                                delete message.totalBytes;
                            continue;
                        }
                    case 16: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.crc32 = value;
                            else
                                delete message.crc32;
                            continue;
                        }
                    case 17: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.laneSum = value;
                            else
                                delete message.laneSum;
                            continue;
                        }
                    case 18: {
                            if (wireType !== 5)
                                break;
                            if (value = reader.fixed32())
                                message.laneTurn = value;
                            else
                                delete message.laneTurn;
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
