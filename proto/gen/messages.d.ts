import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace lockstep. */
export namespace lockstep {

    /** Namespace control. */
    namespace control {

        /**
         * Properties of an Envelope.
         * @deprecated Use lockstep.control.Envelope.$Properties instead.
         */
        interface IEnvelope extends lockstep.control.Envelope.$Properties {
        }

        /** Represents an Envelope. */
        class Envelope {

            /**
             * Constructs a new Envelope.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Envelope.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Envelope versionMajor. */
            versionMajor: number;

            /** Envelope versionMinor. */
            versionMinor: number;

            /** Envelope runId. */
            runId: string;

            /** Envelope generation. */
            generation: number;

            /** Envelope sequence. */
            sequence: number;

            /** Envelope token. */
            token: string;

            /** Envelope nodeHello. */
            nodeHello?: (lockstep.control.NodeHello.$Properties|null);

            /** Envelope nodeAssign. */
            nodeAssign?: (lockstep.control.NodeAssign.$Properties|null);

            /** Envelope nodeWorkerExit. */
            nodeWorkerExit?: (lockstep.control.NodeWorkerExit.$Properties|null);

            /** Envelope workerHello. */
            workerHello?: (lockstep.control.WorkerHello.$Properties|null);

            /** Envelope world. */
            world?: (lockstep.control.World.$Properties|null);

            /** Envelope heartbeat. */
            heartbeat?: (lockstep.control.Heartbeat.$Properties|null);

            /** Envelope stepReport. */
            stepReport?: (lockstep.control.StepReport.$Properties|null);

            /** Envelope epochReport. */
            epochReport?: (lockstep.control.EpochReport.$Properties|null);

            /** Envelope checkpointNotice. */
            checkpointNotice?: (lockstep.control.CheckpointNotice.$Properties|null);

            /** Envelope drain. */
            drain?: (lockstep.control.Drain.$Properties|null);

            /** Envelope abort. */
            abort?: (lockstep.control.Abort.$Properties|null);

            /** Envelope failure. */
            failure?: (lockstep.control.Failure.$Properties|null);

            /** Envelope farewell. */
            farewell?: (lockstep.control.Farewell.$Properties|null);

            /** Envelope refusal. */
            refusal?: (lockstep.control.Refusal.$Properties|null);

            /** Envelope metricsReport. */
            metricsReport?: (lockstep.control.MetricsReport.$Properties|null);

            /** Envelope nodeFarewell. */
            nodeFarewell?: (lockstep.control.NodeFarewell.$Properties|null);

            /** Envelope phaseReport. */
            phaseReport?: (lockstep.control.PhaseReport.$Properties|null);

            /** Envelope runStarted. */
            runStarted?: (lockstep.control.RunStarted.$Properties|null);

            /** Envelope ledgerReport. */
            ledgerReport?: (lockstep.control.LedgerReport.$Properties|null);

            /** Envelope clockQuestion. */
            clockQuestion?: (lockstep.control.ClockQuestion.$Properties|null);

            /** Envelope clockAnswer. */
            clockAnswer?: (lockstep.control.ClockAnswer.$Properties|null);

            /** Envelope body. */
            body?: ("nodeHello"|"nodeAssign"|"nodeWorkerExit"|"workerHello"|"world"|"heartbeat"|"stepReport"|"epochReport"|"checkpointNotice"|"drain"|"abort"|"failure"|"farewell"|"refusal"|"metricsReport"|"nodeFarewell"|"phaseReport"|"runStarted"|"ledgerReport"|"clockQuestion"|"clockAnswer");

            /**
             * Encodes the specified Envelope message. Does not implicitly {@link lockstep.control.Envelope.verify|verify} messages.
             * @param message Envelope message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Envelope message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Envelope & lockstep.control.Envelope.$Shape} Envelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Envelope & lockstep.control.Envelope.$Shape;
        }

        namespace Envelope {

            /** Properties of an Envelope. */
            interface $Properties {

                /** Envelope versionMajor */
                versionMajor?: (number|null);

                /** Envelope versionMinor */
                versionMinor?: (number|null);

                /** Envelope runId */
                runId?: (string|null);

                /** Envelope generation */
                generation?: (number|null);

                /** Envelope sequence */
                sequence?: (number|null);

                /** Envelope token */
                token?: (string|null);

                /** Envelope nodeHello */
                nodeHello?: (lockstep.control.NodeHello.$Properties|null);

                /** Envelope nodeAssign */
                nodeAssign?: (lockstep.control.NodeAssign.$Properties|null);

                /** Envelope nodeWorkerExit */
                nodeWorkerExit?: (lockstep.control.NodeWorkerExit.$Properties|null);

                /** Envelope workerHello */
                workerHello?: (lockstep.control.WorkerHello.$Properties|null);

                /** Envelope world */
                world?: (lockstep.control.World.$Properties|null);

                /** Envelope heartbeat */
                heartbeat?: (lockstep.control.Heartbeat.$Properties|null);

                /** Envelope stepReport */
                stepReport?: (lockstep.control.StepReport.$Properties|null);

                /** Envelope epochReport */
                epochReport?: (lockstep.control.EpochReport.$Properties|null);

                /** Envelope checkpointNotice */
                checkpointNotice?: (lockstep.control.CheckpointNotice.$Properties|null);

                /** Envelope drain */
                drain?: (lockstep.control.Drain.$Properties|null);

                /** Envelope abort */
                abort?: (lockstep.control.Abort.$Properties|null);

                /** Envelope failure */
                failure?: (lockstep.control.Failure.$Properties|null);

                /** Envelope farewell */
                farewell?: (lockstep.control.Farewell.$Properties|null);

                /** Envelope refusal */
                refusal?: (lockstep.control.Refusal.$Properties|null);

                /** Envelope metricsReport */
                metricsReport?: (lockstep.control.MetricsReport.$Properties|null);

                /** Envelope nodeFarewell */
                nodeFarewell?: (lockstep.control.NodeFarewell.$Properties|null);

                /** Envelope phaseReport */
                phaseReport?: (lockstep.control.PhaseReport.$Properties|null);

                /** Envelope runStarted */
                runStarted?: (lockstep.control.RunStarted.$Properties|null);

                /** Envelope ledgerReport */
                ledgerReport?: (lockstep.control.LedgerReport.$Properties|null);

                /** Envelope clockQuestion */
                clockQuestion?: (lockstep.control.ClockQuestion.$Properties|null);

                /** Envelope clockAnswer */
                clockAnswer?: (lockstep.control.ClockAnswer.$Properties|null);

                /** Envelope body */
                body?: ("nodeHello"|"nodeAssign"|"nodeWorkerExit"|"workerHello"|"world"|"heartbeat"|"stepReport"|"epochReport"|"checkpointNotice"|"drain"|"abort"|"failure"|"farewell"|"refusal"|"metricsReport"|"nodeFarewell"|"phaseReport"|"runStarted"|"ledgerReport"|"clockQuestion"|"clockAnswer");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Envelope. */
            type $Shape = {
              versionMajor?: number|null;
              versionMinor?: number|null;
              runId?: string|null;
              generation?: number|null;
              sequence?: number|null;
              token?: string|null;
              nodeHello?: lockstep.control.NodeHello.$Shape|null;
              nodeAssign?: lockstep.control.NodeAssign.$Shape|null;
              nodeWorkerExit?: lockstep.control.NodeWorkerExit.$Shape|null;
              workerHello?: lockstep.control.WorkerHello.$Shape|null;
              world?: lockstep.control.World.$Shape|null;
              heartbeat?: lockstep.control.Heartbeat.$Shape|null;
              stepReport?: lockstep.control.StepReport.$Shape|null;
              epochReport?: lockstep.control.EpochReport.$Shape|null;
              checkpointNotice?: lockstep.control.CheckpointNotice.$Shape|null;
              drain?: lockstep.control.Drain.$Shape|null;
              abort?: lockstep.control.Abort.$Shape|null;
              failure?: lockstep.control.Failure.$Shape|null;
              farewell?: lockstep.control.Farewell.$Shape|null;
              refusal?: lockstep.control.Refusal.$Shape|null;
              metricsReport?: lockstep.control.MetricsReport.$Shape|null;
              nodeFarewell?: lockstep.control.NodeFarewell.$Shape|null;
              phaseReport?: lockstep.control.PhaseReport.$Shape|null;
              runStarted?: lockstep.control.RunStarted.$Shape|null;
              ledgerReport?: lockstep.control.LedgerReport.$Shape|null;
              clockQuestion?: lockstep.control.ClockQuestion.$Shape|null;
              clockAnswer?: lockstep.control.ClockAnswer.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ body?: undefined; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeHello"; nodeHello: lockstep.control.NodeHello.$Shape; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeAssign"; nodeHello?: null; nodeAssign: lockstep.control.NodeAssign.$Shape; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeWorkerExit"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit: lockstep.control.NodeWorkerExit.$Shape; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "workerHello"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello: lockstep.control.WorkerHello.$Shape; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "world"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world: lockstep.control.World.$Shape; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "heartbeat"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat: lockstep.control.Heartbeat.$Shape; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "stepReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport: lockstep.control.StepReport.$Shape; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "epochReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport: lockstep.control.EpochReport.$Shape; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "checkpointNotice"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice: lockstep.control.CheckpointNotice.$Shape; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "drain"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain: lockstep.control.Drain.$Shape; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "abort"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort: lockstep.control.Abort.$Shape; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "failure"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure: lockstep.control.Failure.$Shape; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "farewell"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell: lockstep.control.Farewell.$Shape; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "refusal"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal: lockstep.control.Refusal.$Shape; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "metricsReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport: lockstep.control.MetricsReport.$Shape; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "nodeFarewell"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell: lockstep.control.NodeFarewell.$Shape; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "phaseReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport: lockstep.control.PhaseReport.$Shape; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "runStarted"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted: lockstep.control.RunStarted.$Shape; ledgerReport?: null; clockQuestion?: null; clockAnswer?: null }|{ body?: "ledgerReport"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport: lockstep.control.LedgerReport.$Shape; clockQuestion?: null; clockAnswer?: null }|{ body?: "clockQuestion"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion: lockstep.control.ClockQuestion.$Shape; clockAnswer?: null }|{ body?: "clockAnswer"; nodeHello?: null; nodeAssign?: null; nodeWorkerExit?: null; workerHello?: null; world?: null; heartbeat?: null; stepReport?: null; epochReport?: null; checkpointNotice?: null; drain?: null; abort?: null; failure?: null; farewell?: null; refusal?: null; metricsReport?: null; nodeFarewell?: null; phaseReport?: null; runStarted?: null; ledgerReport?: null; clockQuestion?: null; clockAnswer: lockstep.control.ClockAnswer.$Shape })
            );
        }

        /**
         * Properties of a NodeHello.
         * @deprecated Use lockstep.control.NodeHello.$Properties instead.
         */
        interface INodeHello extends lockstep.control.NodeHello.$Properties {
        }

        /** Represents a NodeHello. */
        class NodeHello {

            /**
             * Constructs a new NodeHello.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.NodeHello.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeHello nodeRank. */
            nodeRank: number;

            /** NodeHello numWorkers. */
            numWorkers: number;

            /** NodeHello host. */
            host: string;

            /** NodeHello pid. */
            pid: number;

            /** NodeHello lockstepVersion. */
            lockstepVersion: string;

            /** NodeHello address. */
            address: string;

            /**
             * Encodes the specified NodeHello message. Does not implicitly {@link lockstep.control.NodeHello.verify|verify} messages.
             * @param message NodeHello message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.NodeHello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeHello message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.NodeHello & lockstep.control.NodeHello.$Shape} NodeHello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.NodeHello & lockstep.control.NodeHello.$Shape;
        }

        namespace NodeHello {

            /** Properties of a NodeHello. */
            interface $Properties {

                /** NodeHello nodeRank */
                nodeRank?: (number|null);

                /** NodeHello numWorkers */
                numWorkers?: (number|null);

                /** NodeHello host */
                host?: (string|null);

                /** NodeHello pid */
                pid?: (number|null);

                /** NodeHello lockstepVersion */
                lockstepVersion?: (string|null);

                /** NodeHello address */
                address?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeHello. */
            type $Shape = lockstep.control.NodeHello.$Properties;
        }

        /**
         * Properties of a NodeAssign.
         * @deprecated Use lockstep.control.NodeAssign.$Properties instead.
         */
        interface INodeAssign extends lockstep.control.NodeAssign.$Properties {
        }

        /** Represents a NodeAssign. */
        class NodeAssign {

            /**
             * Constructs a new NodeAssign.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.NodeAssign.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeAssign nodeRank. */
            nodeRank: number;

            /** NodeAssign numNodes. */
            numNodes: number;

            /** NodeAssign firstRank. */
            firstRank: number;

            /** NodeAssign worldSize. */
            worldSize: number;

            /** NodeAssign generation. */
            generation: number;

            /** NodeAssign configJson. */
            configJson: string;

            /**
             * Encodes the specified NodeAssign message. Does not implicitly {@link lockstep.control.NodeAssign.verify|verify} messages.
             * @param message NodeAssign message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.NodeAssign.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeAssign message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.NodeAssign & lockstep.control.NodeAssign.$Shape} NodeAssign
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.NodeAssign & lockstep.control.NodeAssign.$Shape;
        }

        namespace NodeAssign {

            /** Properties of a NodeAssign. */
            interface $Properties {

                /** NodeAssign nodeRank */
                nodeRank?: (number|null);

                /** NodeAssign numNodes */
                numNodes?: (number|null);

                /** NodeAssign firstRank */
                firstRank?: (number|null);

                /** NodeAssign worldSize */
                worldSize?: (number|null);

                /** NodeAssign generation */
                generation?: (number|null);

                /** NodeAssign configJson */
                configJson?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeAssign. */
            type $Shape = lockstep.control.NodeAssign.$Properties;
        }

        /**
         * Properties of a NodeWorkerExit.
         * @deprecated Use lockstep.control.NodeWorkerExit.$Properties instead.
         */
        interface INodeWorkerExit extends lockstep.control.NodeWorkerExit.$Properties {
        }

        /** Represents a NodeWorkerExit. */
        class NodeWorkerExit {

            /**
             * Constructs a new NodeWorkerExit.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.NodeWorkerExit.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeWorkerExit rank. */
            rank: number;

            /** NodeWorkerExit pid. */
            pid: number;

            /** NodeWorkerExit exitCode. */
            exitCode: number;

            /** NodeWorkerExit signal. */
            signal: string;

            /** NodeWorkerExit lastLines. */
            lastLines: string[];

            /**
             * Encodes the specified NodeWorkerExit message. Does not implicitly {@link lockstep.control.NodeWorkerExit.verify|verify} messages.
             * @param message NodeWorkerExit message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.NodeWorkerExit.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeWorkerExit message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.NodeWorkerExit & lockstep.control.NodeWorkerExit.$Shape} NodeWorkerExit
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.NodeWorkerExit & lockstep.control.NodeWorkerExit.$Shape;
        }

        namespace NodeWorkerExit {

            /** Properties of a NodeWorkerExit. */
            interface $Properties {

                /** NodeWorkerExit rank */
                rank?: (number|null);

                /** NodeWorkerExit pid */
                pid?: (number|null);

                /** NodeWorkerExit exitCode */
                exitCode?: (number|null);

                /** NodeWorkerExit signal */
                signal?: (string|null);

                /** NodeWorkerExit lastLines */
                lastLines?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeWorkerExit. */
            type $Shape = lockstep.control.NodeWorkerExit.$Properties;
        }

        /**
         * Properties of a WorkerHello.
         * @deprecated Use lockstep.control.WorkerHello.$Properties instead.
         */
        interface IWorkerHello extends lockstep.control.WorkerHello.$Properties {
        }

        /** Represents a WorkerHello. */
        class WorkerHello {

            /**
             * Constructs a new WorkerHello.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.WorkerHello.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WorkerHello rank. */
            rank: number;

            /** WorkerHello localRank. */
            localRank: number;

            /** WorkerHello nodeRank. */
            nodeRank: number;

            /** WorkerHello pid. */
            pid: number;

            /** WorkerHello host. */
            host: string;

            /** WorkerHello localEndpoint. */
            localEndpoint: string;

            /** WorkerHello remoteEndpoint. */
            remoteEndpoint: string;

            /** WorkerHello hostId. */
            hostId: string;

            /** WorkerHello engine. */
            engine?: (lockstep.control.EngineDescription.$Properties|null);

            /** WorkerHello directLocalEndpoint. */
            directLocalEndpoint: string;

            /** WorkerHello directRemoteEndpoint. */
            directRemoteEndpoint: string;

            /**
             * Encodes the specified WorkerHello message. Does not implicitly {@link lockstep.control.WorkerHello.verify|verify} messages.
             * @param message WorkerHello message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.WorkerHello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WorkerHello message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.WorkerHello & lockstep.control.WorkerHello.$Shape} WorkerHello
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.WorkerHello & lockstep.control.WorkerHello.$Shape;
        }

        namespace WorkerHello {

            /** Properties of a WorkerHello. */
            interface $Properties {

                /** WorkerHello rank */
                rank?: (number|null);

                /** WorkerHello localRank */
                localRank?: (number|null);

                /** WorkerHello nodeRank */
                nodeRank?: (number|null);

                /** WorkerHello pid */
                pid?: (number|null);

                /** WorkerHello host */
                host?: (string|null);

                /** WorkerHello localEndpoint */
                localEndpoint?: (string|null);

                /** WorkerHello remoteEndpoint */
                remoteEndpoint?: (string|null);

                /** WorkerHello hostId */
                hostId?: (string|null);

                /** WorkerHello engine */
                engine?: (lockstep.control.EngineDescription.$Properties|null);

                /** WorkerHello directLocalEndpoint */
                directLocalEndpoint?: (string|null);

                /** WorkerHello directRemoteEndpoint */
                directRemoteEndpoint?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WorkerHello. */
            type $Shape = lockstep.control.WorkerHello.$Properties;
        }

        /**
         * Properties of an EngineDescription.
         * @deprecated Use lockstep.control.EngineDescription.$Properties instead.
         */
        interface IEngineDescription extends lockstep.control.EngineDescription.$Properties {
        }

        /** Represents an EngineDescription. */
        class EngineDescription {

            /**
             * Constructs a new EngineDescription.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.EngineDescription.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** EngineDescription name. */
            name: string;

            /** EngineDescription version. */
            version: string;

            /** EngineDescription device. */
            device: string;

            /** EngineDescription numThreads. */
            numThreads: number;

            /**
             * Encodes the specified EngineDescription message. Does not implicitly {@link lockstep.control.EngineDescription.verify|verify} messages.
             * @param message EngineDescription message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.EngineDescription.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an EngineDescription message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.EngineDescription & lockstep.control.EngineDescription.$Shape} EngineDescription
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.EngineDescription & lockstep.control.EngineDescription.$Shape;
        }

        namespace EngineDescription {

            /** Properties of an EngineDescription. */
            interface $Properties {

                /** EngineDescription name */
                name?: (string|null);

                /** EngineDescription version */
                version?: (string|null);

                /** EngineDescription device */
                device?: (string|null);

                /** EngineDescription numThreads */
                numThreads?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an EngineDescription. */
            type $Shape = lockstep.control.EngineDescription.$Properties;
        }

        /**
         * Properties of a Peer.
         * @deprecated Use lockstep.control.Peer.$Properties instead.
         */
        interface IPeer extends lockstep.control.Peer.$Properties {
        }

        /** Represents a Peer. */
        class Peer {

            /**
             * Constructs a new Peer.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Peer.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Peer rank. */
            rank: number;

            /** Peer localEndpoint. */
            localEndpoint: string;

            /** Peer remoteEndpoint. */
            remoteEndpoint: string;

            /** Peer hostId. */
            hostId: string;

            /** Peer directLocalEndpoint. */
            directLocalEndpoint: string;

            /** Peer directRemoteEndpoint. */
            directRemoteEndpoint: string;

            /**
             * Encodes the specified Peer message. Does not implicitly {@link lockstep.control.Peer.verify|verify} messages.
             * @param message Peer message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Peer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Peer message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Peer & lockstep.control.Peer.$Shape} Peer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Peer & lockstep.control.Peer.$Shape;
        }

        namespace Peer {

            /** Properties of a Peer. */
            interface $Properties {

                /** Peer rank */
                rank?: (number|null);

                /** Peer localEndpoint */
                localEndpoint?: (string|null);

                /** Peer remoteEndpoint */
                remoteEndpoint?: (string|null);

                /** Peer hostId */
                hostId?: (string|null);

                /** Peer directLocalEndpoint */
                directLocalEndpoint?: (string|null);

                /** Peer directRemoteEndpoint */
                directRemoteEndpoint?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Peer. */
            type $Shape = lockstep.control.Peer.$Properties;
        }

        /**
         * Properties of a World.
         * @deprecated Use lockstep.control.World.$Properties instead.
         */
        interface IWorld extends lockstep.control.World.$Properties {
        }

        /** Represents a World. */
        class World {

            /**
             * Constructs a new World.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.World.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** World generation. */
            generation: number;

            /** World worldSize. */
            worldSize: number;

            /** World peers. */
            peers: lockstep.control.Peer.$Properties[];

            /** World configJson. */
            configJson: string;

            /**
             * Encodes the specified World message. Does not implicitly {@link lockstep.control.World.verify|verify} messages.
             * @param message World message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.World.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a World message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.World & lockstep.control.World.$Shape} World
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.World & lockstep.control.World.$Shape;
        }

        namespace World {

            /** Properties of a World. */
            interface $Properties {

                /** World generation */
                generation?: (number|null);

                /** World worldSize */
                worldSize?: (number|null);

                /** World peers */
                peers?: (lockstep.control.Peer.$Properties[]|null);

                /** World configJson */
                configJson?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a World. */
            type $Shape = lockstep.control.World.$Properties;
        }

        /**
         * Properties of a Heartbeat.
         * @deprecated Use lockstep.control.Heartbeat.$Properties instead.
         */
        interface IHeartbeat extends lockstep.control.Heartbeat.$Properties {
        }

        /** Represents a Heartbeat. */
        class Heartbeat {

            /**
             * Constructs a new Heartbeat.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Heartbeat.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Heartbeat rank. */
            rank: number;

            /** Heartbeat progress. */
            progress: number;

            /** Heartbeat step. */
            step: number;

            /** Heartbeat residentBytes. */
            residentBytes: number;

            /** Heartbeat phase. */
            phase: string;

            /**
             * Encodes the specified Heartbeat message. Does not implicitly {@link lockstep.control.Heartbeat.verify|verify} messages.
             * @param message Heartbeat message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Heartbeat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Heartbeat message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Heartbeat & lockstep.control.Heartbeat.$Shape} Heartbeat
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Heartbeat & lockstep.control.Heartbeat.$Shape;
        }

        namespace Heartbeat {

            /** Properties of a Heartbeat. */
            interface $Properties {

                /** Heartbeat rank */
                rank?: (number|null);

                /** Heartbeat progress */
                progress?: (number|null);

                /** Heartbeat step */
                step?: (number|null);

                /** Heartbeat residentBytes */
                residentBytes?: (number|null);

                /** Heartbeat phase */
                phase?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Heartbeat. */
            type $Shape = lockstep.control.Heartbeat.$Properties;
        }

        /**
         * Properties of a StepReport.
         * @deprecated Use lockstep.control.StepReport.$Properties instead.
         */
        interface IStepReport extends lockstep.control.StepReport.$Properties {
        }

        /** Represents a StepReport. */
        class StepReport {

            /**
             * Constructs a new StepReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.StepReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StepReport rank. */
            rank: number;

            /** StepReport step. */
            step: number;

            /** StepReport epoch. */
            epoch: number;

            /** StepReport stepInEpoch. */
            stepInEpoch: number;

            /** StepReport stepsPerEpoch. */
            stepsPerEpoch: number;

            /** StepReport images. */
            images: number;

            /** StepReport targets. */
            targets: number;

            /** StepReport boxLoss. */
            boxLoss: number;

            /** StepReport objLoss. */
            objLoss: number;

            /** StepReport clsLoss. */
            clsLoss: number;

            /** StepReport learningRates. */
            learningRates: number[];

            /** StepReport momentum. */
            momentum: number;

            /** StepReport phases. */
            phases: lockstep.control.PhaseDuration.$Properties[];

            /** StepReport allreduceBytes. */
            allreduceBytes: number;

            /** StepReport allreduceSeconds. */
            allreduceSeconds: number;

            /** StepReport stepSeconds. */
            stepSeconds: number;

            /** StepReport optimizerStepped. */
            optimizerStepped: boolean;

            /** StepReport imageSize. */
            imageSize: number;

            /** StepReport localImages. */
            localImages: number;

            /** StepReport allreduceInFlightSeconds. */
            allreduceInFlightSeconds: number;

            /** StepReport allreduceHiddenSeconds. */
            allreduceHiddenSeconds: number;

            /** StepReport lossScale. */
            lossScale: number;

            /** StepReport skipped. */
            skipped: string;

            /** StepReport allreduceSharedBytes. */
            allreduceSharedBytes: number;

            /** StepReport allreduceResends. */
            allreduceResends: number;

            /**
             * Encodes the specified StepReport message. Does not implicitly {@link lockstep.control.StepReport.verify|verify} messages.
             * @param message StepReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.StepReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StepReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.StepReport & lockstep.control.StepReport.$Shape} StepReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.StepReport & lockstep.control.StepReport.$Shape;
        }

        namespace StepReport {

            /** Properties of a StepReport. */
            interface $Properties {

                /** StepReport rank */
                rank?: (number|null);

                /** StepReport step */
                step?: (number|null);

                /** StepReport epoch */
                epoch?: (number|null);

                /** StepReport stepInEpoch */
                stepInEpoch?: (number|null);

                /** StepReport stepsPerEpoch */
                stepsPerEpoch?: (number|null);

                /** StepReport images */
                images?: (number|null);

                /** StepReport targets */
                targets?: (number|null);

                /** StepReport boxLoss */
                boxLoss?: (number|null);

                /** StepReport objLoss */
                objLoss?: (number|null);

                /** StepReport clsLoss */
                clsLoss?: (number|null);

                /** StepReport learningRates */
                learningRates?: (number[]|null);

                /** StepReport momentum */
                momentum?: (number|null);

                /** StepReport phases */
                phases?: (lockstep.control.PhaseDuration.$Properties[]|null);

                /** StepReport allreduceBytes */
                allreduceBytes?: (number|null);

                /** StepReport allreduceSeconds */
                allreduceSeconds?: (number|null);

                /** StepReport stepSeconds */
                stepSeconds?: (number|null);

                /** StepReport optimizerStepped */
                optimizerStepped?: (boolean|null);

                /** StepReport imageSize */
                imageSize?: (number|null);

                /** StepReport localImages */
                localImages?: (number|null);

                /** StepReport allreduceInFlightSeconds */
                allreduceInFlightSeconds?: (number|null);

                /** StepReport allreduceHiddenSeconds */
                allreduceHiddenSeconds?: (number|null);

                /** StepReport lossScale */
                lossScale?: (number|null);

                /** StepReport skipped */
                skipped?: (string|null);

                /** StepReport allreduceSharedBytes */
                allreduceSharedBytes?: (number|null);

                /** StepReport allreduceResends */
                allreduceResends?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StepReport. */
            type $Shape = lockstep.control.StepReport.$Properties;
        }

        /**
         * Properties of a PhaseDuration.
         * @deprecated Use lockstep.control.PhaseDuration.$Properties instead.
         */
        interface IPhaseDuration extends lockstep.control.PhaseDuration.$Properties {
        }

        /** Represents a PhaseDuration. */
        class PhaseDuration {

            /**
             * Constructs a new PhaseDuration.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.PhaseDuration.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PhaseDuration phase. */
            phase: string;

            /** PhaseDuration seconds. */
            seconds: number;

            /**
             * Encodes the specified PhaseDuration message. Does not implicitly {@link lockstep.control.PhaseDuration.verify|verify} messages.
             * @param message PhaseDuration message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.PhaseDuration.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PhaseDuration message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.PhaseDuration & lockstep.control.PhaseDuration.$Shape} PhaseDuration
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.PhaseDuration & lockstep.control.PhaseDuration.$Shape;
        }

        namespace PhaseDuration {

            /** Properties of a PhaseDuration. */
            interface $Properties {

                /** PhaseDuration phase */
                phase?: (string|null);

                /** PhaseDuration seconds */
                seconds?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PhaseDuration. */
            type $Shape = lockstep.control.PhaseDuration.$Properties;
        }

        /**
         * Properties of an EpochReport.
         * @deprecated Use lockstep.control.EpochReport.$Properties instead.
         */
        interface IEpochReport extends lockstep.control.EpochReport.$Properties {
        }

        /** Represents an EpochReport. */
        class EpochReport {

            /**
             * Constructs a new EpochReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.EpochReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** EpochReport epoch. */
            epoch: number;

            /** EpochReport epochs. */
            epochs: number;

            /** EpochReport boxLoss. */
            boxLoss: number;

            /** EpochReport objLoss. */
            objLoss: number;

            /** EpochReport clsLoss. */
            clsLoss: number;

            /** EpochReport validated. */
            validated: boolean;

            /** EpochReport precision. */
            precision: number;

            /** EpochReport recall. */
            recall: number;

            /** EpochReport map50. */
            map50: number;

            /** EpochReport map. */
            map: number;

            /** EpochReport ap65. */
            ap65: number;

            /** EpochReport ap75. */
            ap75: number;

            /** EpochReport ap80. */
            ap80: number;

            /** EpochReport ap90. */
            ap90: number;

            /** EpochReport valBoxLoss. */
            valBoxLoss: number;

            /** EpochReport valObjLoss. */
            valObjLoss: number;

            /** EpochReport valClsLoss. */
            valClsLoss: number;

            /** EpochReport fitness. */
            fitness: number;

            /** EpochReport best. */
            best: boolean;

            /** EpochReport seconds. */
            seconds: number;

            /** EpochReport valSeconds. */
            valSeconds: number;

            /** EpochReport imagesSeen. */
            imagesSeen: number;

            /** EpochReport labels. */
            labels: number;

            /** EpochReport valImages. */
            valImages: number;

            /** EpochReport allreduceHiddenShare. */
            allreduceHiddenShare: number;

            /** EpochReport compressionError. */
            compressionError: number;

            /**
             * Encodes the specified EpochReport message. Does not implicitly {@link lockstep.control.EpochReport.verify|verify} messages.
             * @param message EpochReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.EpochReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an EpochReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.EpochReport & lockstep.control.EpochReport.$Shape} EpochReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.EpochReport & lockstep.control.EpochReport.$Shape;
        }

        namespace EpochReport {

            /** Properties of an EpochReport. */
            interface $Properties {

                /** EpochReport epoch */
                epoch?: (number|null);

                /** EpochReport epochs */
                epochs?: (number|null);

                /** EpochReport boxLoss */
                boxLoss?: (number|null);

                /** EpochReport objLoss */
                objLoss?: (number|null);

                /** EpochReport clsLoss */
                clsLoss?: (number|null);

                /** EpochReport validated */
                validated?: (boolean|null);

                /** EpochReport precision */
                precision?: (number|null);

                /** EpochReport recall */
                recall?: (number|null);

                /** EpochReport map50 */
                map50?: (number|null);

                /** EpochReport map */
                map?: (number|null);

                /** EpochReport ap65 */
                ap65?: (number|null);

                /** EpochReport ap75 */
                ap75?: (number|null);

                /** EpochReport ap80 */
                ap80?: (number|null);

                /** EpochReport ap90 */
                ap90?: (number|null);

                /** EpochReport valBoxLoss */
                valBoxLoss?: (number|null);

                /** EpochReport valObjLoss */
                valObjLoss?: (number|null);

                /** EpochReport valClsLoss */
                valClsLoss?: (number|null);

                /** EpochReport fitness */
                fitness?: (number|null);

                /** EpochReport best */
                best?: (boolean|null);

                /** EpochReport seconds */
                seconds?: (number|null);

                /** EpochReport valSeconds */
                valSeconds?: (number|null);

                /** EpochReport imagesSeen */
                imagesSeen?: (number|null);

                /** EpochReport labels */
                labels?: (number|null);

                /** EpochReport valImages */
                valImages?: (number|null);

                /** EpochReport allreduceHiddenShare */
                allreduceHiddenShare?: (number|null);

                /** EpochReport compressionError */
                compressionError?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an EpochReport. */
            type $Shape = lockstep.control.EpochReport.$Properties;
        }

        /**
         * Properties of a LedgerReport.
         * @deprecated Use lockstep.control.LedgerReport.$Properties instead.
         */
        interface ILedgerReport extends lockstep.control.LedgerReport.$Properties {
        }

        /** Represents a LedgerReport. */
        class LedgerReport {

            /**
             * Constructs a new LedgerReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.LedgerReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LedgerReport epoch. */
            epoch: number;

            /** LedgerReport images. */
            images: number;

            /** LedgerReport expectedImages. */
            expectedImages: number;

            /** LedgerReport unreadable. */
            unreadable: number;

            /** LedgerReport nonFinite. */
            nonFinite: number;

            /** LedgerReport checksum. */
            checksum: string;

            /** LedgerReport expectedChecksum. */
            expectedChecksum: string;

            /** LedgerReport complete. */
            complete: boolean;

            /**
             * Encodes the specified LedgerReport message. Does not implicitly {@link lockstep.control.LedgerReport.verify|verify} messages.
             * @param message LedgerReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.LedgerReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LedgerReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.LedgerReport & lockstep.control.LedgerReport.$Shape} LedgerReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.LedgerReport & lockstep.control.LedgerReport.$Shape;
        }

        namespace LedgerReport {

            /** Properties of a LedgerReport. */
            interface $Properties {

                /** LedgerReport epoch */
                epoch?: (number|null);

                /** LedgerReport images */
                images?: (number|null);

                /** LedgerReport expectedImages */
                expectedImages?: (number|null);

                /** LedgerReport unreadable */
                unreadable?: (number|null);

                /** LedgerReport nonFinite */
                nonFinite?: (number|null);

                /** LedgerReport checksum */
                checksum?: (string|null);

                /** LedgerReport expectedChecksum */
                expectedChecksum?: (string|null);

                /** LedgerReport complete */
                complete?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LedgerReport. */
            type $Shape = lockstep.control.LedgerReport.$Properties;
        }

        /**
         * Properties of a CheckpointNotice.
         * @deprecated Use lockstep.control.CheckpointNotice.$Properties instead.
         */
        interface ICheckpointNotice extends lockstep.control.CheckpointNotice.$Properties {
        }

        /** Represents a CheckpointNotice. */
        class CheckpointNotice {

            /**
             * Constructs a new CheckpointNotice.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.CheckpointNotice.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CheckpointNotice path. */
            path: string;

            /** CheckpointNotice epoch. */
            epoch: number;

            /** CheckpointNotice step. */
            step: number;

            /** CheckpointNotice bytes. */
            bytes: number;

            /** CheckpointNotice seconds. */
            seconds: number;

            /**
             * Encodes the specified CheckpointNotice message. Does not implicitly {@link lockstep.control.CheckpointNotice.verify|verify} messages.
             * @param message CheckpointNotice message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.CheckpointNotice.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CheckpointNotice message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.CheckpointNotice & lockstep.control.CheckpointNotice.$Shape} CheckpointNotice
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.CheckpointNotice & lockstep.control.CheckpointNotice.$Shape;
        }

        namespace CheckpointNotice {

            /** Properties of a CheckpointNotice. */
            interface $Properties {

                /** CheckpointNotice path */
                path?: (string|null);

                /** CheckpointNotice epoch */
                epoch?: (number|null);

                /** CheckpointNotice step */
                step?: (number|null);

                /** CheckpointNotice bytes */
                bytes?: (number|null);

                /** CheckpointNotice seconds */
                seconds?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CheckpointNotice. */
            type $Shape = lockstep.control.CheckpointNotice.$Properties;
        }

        /**
         * Properties of a Drain.
         * @deprecated Use lockstep.control.Drain.$Properties instead.
         */
        interface IDrain extends lockstep.control.Drain.$Properties {
        }

        /** Represents a Drain. */
        class Drain {

            /**
             * Constructs a new Drain.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Drain.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Drain reason. */
            reason: string;

            /**
             * Encodes the specified Drain message. Does not implicitly {@link lockstep.control.Drain.verify|verify} messages.
             * @param message Drain message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Drain.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Drain message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Drain & lockstep.control.Drain.$Shape} Drain
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Drain & lockstep.control.Drain.$Shape;
        }

        namespace Drain {

            /** Properties of a Drain. */
            interface $Properties {

                /** Drain reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Drain. */
            type $Shape = lockstep.control.Drain.$Properties;
        }

        /**
         * Properties of an Abort.
         * @deprecated Use lockstep.control.Abort.$Properties instead.
         */
        interface IAbort extends lockstep.control.Abort.$Properties {
        }

        /** Represents an Abort. */
        class Abort {

            /**
             * Constructs a new Abort.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Abort.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Abort cause. */
            cause?: (lockstep.control.Failure.$Properties|null);

            /**
             * Encodes the specified Abort message. Does not implicitly {@link lockstep.control.Abort.verify|verify} messages.
             * @param message Abort message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Abort.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Abort message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Abort & lockstep.control.Abort.$Shape} Abort
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Abort & lockstep.control.Abort.$Shape;
        }

        namespace Abort {

            /** Properties of an Abort. */
            interface $Properties {

                /** Abort cause */
                cause?: (lockstep.control.Failure.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Abort. */
            type $Shape = lockstep.control.Abort.$Properties;
        }

        /**
         * Properties of a Failure.
         * @deprecated Use lockstep.control.Failure.$Properties instead.
         */
        interface IFailure extends lockstep.control.Failure.$Properties {
        }

        /** Represents a Failure. */
        class Failure {

            /**
             * Constructs a new Failure.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Failure.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Failure rank. */
            rank: number;

            /** Failure code. */
            code: string;

            /** Failure message. */
            message: string;

            /** Failure hint. */
            hint: string;

            /** Failure detailsJson. */
            detailsJson: string;

            /** Failure stack. */
            stack: string;

            /** Failure phase. */
            phase: string;

            /**
             * Encodes the specified Failure message. Does not implicitly {@link lockstep.control.Failure.verify|verify} messages.
             * @param message Failure message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Failure.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Failure message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Failure & lockstep.control.Failure.$Shape} Failure
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Failure & lockstep.control.Failure.$Shape;
        }

        namespace Failure {

            /** Properties of a Failure. */
            interface $Properties {

                /** Failure rank */
                rank?: (number|null);

                /** Failure code */
                code?: (string|null);

                /** Failure message */
                message?: (string|null);

                /** Failure hint */
                hint?: (string|null);

                /** Failure detailsJson */
                detailsJson?: (string|null);

                /** Failure stack */
                stack?: (string|null);

                /** Failure phase */
                phase?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Failure. */
            type $Shape = lockstep.control.Failure.$Properties;
        }

        /**
         * Properties of a Farewell.
         * @deprecated Use lockstep.control.Farewell.$Properties instead.
         */
        interface IFarewell extends lockstep.control.Farewell.$Properties {
        }

        /** Represents a Farewell. */
        class Farewell {

            /**
             * Constructs a new Farewell.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Farewell.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Farewell rank. */
            rank: number;

            /** Farewell weightsSha256. */
            weightsSha256: string;

            /** Farewell stopReason. */
            stopReason: string;

            /** Farewell peakResidentBytes. */
            peakResidentBytes: number;

            /** Farewell resumable. */
            resumable: boolean;

            /** Farewell summaryJson. */
            summaryJson: string;

            /**
             * Encodes the specified Farewell message. Does not implicitly {@link lockstep.control.Farewell.verify|verify} messages.
             * @param message Farewell message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Farewell.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Farewell message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Farewell & lockstep.control.Farewell.$Shape} Farewell
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Farewell & lockstep.control.Farewell.$Shape;
        }

        namespace Farewell {

            /** Properties of a Farewell. */
            interface $Properties {

                /** Farewell rank */
                rank?: (number|null);

                /** Farewell weightsSha256 */
                weightsSha256?: (string|null);

                /** Farewell stopReason */
                stopReason?: (string|null);

                /** Farewell peakResidentBytes */
                peakResidentBytes?: (number|null);

                /** Farewell resumable */
                resumable?: (boolean|null);

                /** Farewell summaryJson */
                summaryJson?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Farewell. */
            type $Shape = lockstep.control.Farewell.$Properties;
        }

        /**
         * Properties of a Refusal.
         * @deprecated Use lockstep.control.Refusal.$Properties instead.
         */
        interface IRefusal extends lockstep.control.Refusal.$Properties {
        }

        /** Represents a Refusal. */
        class Refusal {

            /**
             * Constructs a new Refusal.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.Refusal.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Refusal code. */
            code: string;

            /** Refusal message. */
            message: string;

            /** Refusal hint. */
            hint: string;

            /**
             * Encodes the specified Refusal message. Does not implicitly {@link lockstep.control.Refusal.verify|verify} messages.
             * @param message Refusal message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.Refusal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Refusal message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.Refusal & lockstep.control.Refusal.$Shape} Refusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.Refusal & lockstep.control.Refusal.$Shape;
        }

        namespace Refusal {

            /** Properties of a Refusal. */
            interface $Properties {

                /** Refusal code */
                code?: (string|null);

                /** Refusal message */
                message?: (string|null);

                /** Refusal hint */
                hint?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Refusal. */
            type $Shape = lockstep.control.Refusal.$Properties;
        }

        /**
         * Properties of a MetricsReport.
         * @deprecated Use lockstep.control.MetricsReport.$Properties instead.
         */
        interface IMetricsReport extends lockstep.control.MetricsReport.$Properties {
        }

        /** Represents a MetricsReport. */
        class MetricsReport {

            /**
             * Constructs a new MetricsReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.MetricsReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MetricsReport rank. */
            rank: number;

            /** MetricsReport registryJson. */
            registryJson: string;

            /**
             * Encodes the specified MetricsReport message. Does not implicitly {@link lockstep.control.MetricsReport.verify|verify} messages.
             * @param message MetricsReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.MetricsReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MetricsReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.MetricsReport & lockstep.control.MetricsReport.$Shape} MetricsReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.MetricsReport & lockstep.control.MetricsReport.$Shape;
        }

        namespace MetricsReport {

            /** Properties of a MetricsReport. */
            interface $Properties {

                /** MetricsReport rank */
                rank?: (number|null);

                /** MetricsReport registryJson */
                registryJson?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MetricsReport. */
            type $Shape = lockstep.control.MetricsReport.$Properties;
        }

        /**
         * Properties of a NodeFarewell.
         * @deprecated Use lockstep.control.NodeFarewell.$Properties instead.
         */
        interface INodeFarewell extends lockstep.control.NodeFarewell.$Properties {
        }

        /** Represents a NodeFarewell. */
        class NodeFarewell {

            /**
             * Constructs a new NodeFarewell.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.NodeFarewell.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeFarewell nodeRank. */
            nodeRank: number;

            /**
             * Encodes the specified NodeFarewell message. Does not implicitly {@link lockstep.control.NodeFarewell.verify|verify} messages.
             * @param message NodeFarewell message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.NodeFarewell.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeFarewell message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.NodeFarewell & lockstep.control.NodeFarewell.$Shape} NodeFarewell
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.NodeFarewell & lockstep.control.NodeFarewell.$Shape;
        }

        namespace NodeFarewell {

            /** Properties of a NodeFarewell. */
            interface $Properties {

                /** NodeFarewell nodeRank */
                nodeRank?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeFarewell. */
            type $Shape = lockstep.control.NodeFarewell.$Properties;
        }

        /**
         * Properties of a PhaseReport.
         * @deprecated Use lockstep.control.PhaseReport.$Properties instead.
         */
        interface IPhaseReport extends lockstep.control.PhaseReport.$Properties {
        }

        /** Represents a PhaseReport. */
        class PhaseReport {

            /**
             * Constructs a new PhaseReport.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.PhaseReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PhaseReport rank. */
            rank: number;

            /** PhaseReport phase. */
            phase: string;

            /** PhaseReport done. */
            done: number;

            /** PhaseReport total. */
            total: number;

            /** PhaseReport seconds. */
            seconds: number;

            /**
             * Encodes the specified PhaseReport message. Does not implicitly {@link lockstep.control.PhaseReport.verify|verify} messages.
             * @param message PhaseReport message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.PhaseReport.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PhaseReport message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.PhaseReport & lockstep.control.PhaseReport.$Shape} PhaseReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.PhaseReport & lockstep.control.PhaseReport.$Shape;
        }

        namespace PhaseReport {

            /** Properties of a PhaseReport. */
            interface $Properties {

                /** PhaseReport rank */
                rank?: (number|null);

                /** PhaseReport phase */
                phase?: (string|null);

                /** PhaseReport done */
                done?: (number|null);

                /** PhaseReport total */
                total?: (number|null);

                /** PhaseReport seconds */
                seconds?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PhaseReport. */
            type $Shape = lockstep.control.PhaseReport.$Properties;
        }

        /**
         * Properties of a RunStarted.
         * @deprecated Use lockstep.control.RunStarted.$Properties instead.
         */
        interface IRunStarted extends lockstep.control.RunStarted.$Properties {
        }

        /** Represents a RunStarted. */
        class RunStarted {

            /**
             * Constructs a new RunStarted.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.RunStarted.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RunStarted numParameters. */
            numParameters: number;

            /** RunStarted numLayers. */
            numLayers: number;

            /** RunStarted gflops. */
            gflops: number;

            /** RunStarted trainImages. */
            trainImages: number;

            /** RunStarted valImages. */
            valImages: number;

            /** RunStarted startEpoch. */
            startEpoch: number;

            /** RunStarted epochs. */
            epochs: number;

            /** RunStarted notes. */
            notes: string[];

            /**
             * Encodes the specified RunStarted message. Does not implicitly {@link lockstep.control.RunStarted.verify|verify} messages.
             * @param message RunStarted message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.RunStarted.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RunStarted message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.RunStarted & lockstep.control.RunStarted.$Shape} RunStarted
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.RunStarted & lockstep.control.RunStarted.$Shape;
        }

        namespace RunStarted {

            /** Properties of a RunStarted. */
            interface $Properties {

                /** RunStarted numParameters */
                numParameters?: (number|null);

                /** RunStarted numLayers */
                numLayers?: (number|null);

                /** RunStarted gflops */
                gflops?: (number|null);

                /** RunStarted trainImages */
                trainImages?: (number|null);

                /** RunStarted valImages */
                valImages?: (number|null);

                /** RunStarted startEpoch */
                startEpoch?: (number|null);

                /** RunStarted epochs */
                epochs?: (number|null);

                /** RunStarted notes */
                notes?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RunStarted. */
            type $Shape = lockstep.control.RunStarted.$Properties;
        }

        /**
         * Properties of a ClockQuestion.
         * @deprecated Use lockstep.control.ClockQuestion.$Properties instead.
         */
        interface IClockQuestion extends lockstep.control.ClockQuestion.$Properties {
        }

        /** Represents a ClockQuestion. */
        class ClockQuestion {

            /**
             * Constructs a new ClockQuestion.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.ClockQuestion.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockQuestion askedMs. */
            askedMs: number;

            /**
             * Encodes the specified ClockQuestion message. Does not implicitly {@link lockstep.control.ClockQuestion.verify|verify} messages.
             * @param message ClockQuestion message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.ClockQuestion.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockQuestion message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.ClockQuestion & lockstep.control.ClockQuestion.$Shape} ClockQuestion
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.ClockQuestion & lockstep.control.ClockQuestion.$Shape;
        }

        namespace ClockQuestion {

            /** Properties of a ClockQuestion. */
            interface $Properties {

                /** ClockQuestion askedMs */
                askedMs?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockQuestion. */
            type $Shape = lockstep.control.ClockQuestion.$Properties;
        }

        /**
         * Properties of a ClockAnswer.
         * @deprecated Use lockstep.control.ClockAnswer.$Properties instead.
         */
        interface IClockAnswer extends lockstep.control.ClockAnswer.$Properties {
        }

        /** Represents a ClockAnswer. */
        class ClockAnswer {

            /**
             * Constructs a new ClockAnswer.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.control.ClockAnswer.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockAnswer askedMs. */
            askedMs: number;

            /** ClockAnswer nowMs. */
            nowMs: number;

            /**
             * Encodes the specified ClockAnswer message. Does not implicitly {@link lockstep.control.ClockAnswer.verify|verify} messages.
             * @param message ClockAnswer message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.control.ClockAnswer.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockAnswer message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.control.ClockAnswer & lockstep.control.ClockAnswer.$Shape} ClockAnswer
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.control.ClockAnswer & lockstep.control.ClockAnswer.$Shape;
        }

        namespace ClockAnswer {

            /** Properties of a ClockAnswer. */
            interface $Properties {

                /** ClockAnswer askedMs */
                askedMs?: (number|null);

                /** ClockAnswer nowMs */
                nowMs?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockAnswer. */
            type $Shape = lockstep.control.ClockAnswer.$Properties;
        }
    }

    /** Namespace data. */
    namespace data {

        /** Phase enum. */
        enum Phase {

            /** PARTIAL value */
            PARTIAL = 0,

            /** RESULT value */
            RESULT = 1,

            /** GATHER value */
            GATHER = 2,

            /** BROADCAST value */
            BROADCAST = 3,

            /** SHARED_MEMORY value */
            SHARED_MEMORY = 8,

            /** DOORBELL value */
            DOORBELL = 9,

            /** RESEND_PARTIAL value */
            RESEND_PARTIAL = 10,

            /** RESEND_RESULT value */
            RESEND_RESULT = 11
        }

        /**
         * Properties of a SharedMemory.
         * @deprecated Use lockstep.data.SharedMemory.$Properties instead.
         */
        interface ISharedMemory extends lockstep.data.SharedMemory.$Properties {
        }

        /** Represents a SharedMemory. */
        class SharedMemory {

            /**
             * Constructs a new SharedMemory.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.data.SharedMemory.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SharedMemory kind. */
            kind: lockstep.data.SharedMemory.Kind;

            /** SharedMemory pid. */
            pid: number;

            /** SharedMemory fd. */
            fd: number;

            /** SharedMemory proof. */
            proof: Uint8Array;

            /** SharedMemory ok. */
            ok: boolean;

            /** SharedMemory reason. */
            reason: string;

            /**
             * Encodes the specified SharedMemory message. Does not implicitly {@link lockstep.data.SharedMemory.verify|verify} messages.
             * @param message SharedMemory message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.data.SharedMemory.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SharedMemory message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.data.SharedMemory & lockstep.data.SharedMemory.$Shape} SharedMemory
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.data.SharedMemory & lockstep.data.SharedMemory.$Shape;
        }

        namespace SharedMemory {

            /** Properties of a SharedMemory. */
            interface $Properties {

                /** SharedMemory kind */
                kind?: (lockstep.data.SharedMemory.Kind|null);

                /** SharedMemory pid */
                pid?: (number|null);

                /** SharedMemory fd */
                fd?: (number|null);

                /** SharedMemory proof */
                proof?: (Uint8Array|null);

                /** SharedMemory ok */
                ok?: (boolean|null);

                /** SharedMemory reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SharedMemory. */
            type $Shape = lockstep.data.SharedMemory.$Properties;

            /** Kind enum. */
            enum Kind {

                /** OFFER value */
                OFFER = 0,

                /** ANSWER value */
                ANSWER = 1,

                /** VERDICT value */
                VERDICT = 2
            }
        }

        /** PayloadType enum. */
        enum PayloadType {

            /** FLOAT32 value */
            FLOAT32 = 0,

            /** BYTES value */
            BYTES = 1,

            /** BFLOAT16 value */
            BFLOAT16 = 2,

            /** FLOAT16 value */
            FLOAT16 = 3,

            /** INT8 value */
            INT8 = 4,

            /** TOP_K value */
            TOP_K = 5
        }

        /**
         * Properties of a Header.
         * @deprecated Use lockstep.data.Header.$Properties instead.
         */
        interface IHeader extends lockstep.data.Header.$Properties {
        }

        /** Represents a Header. */
        class Header {

            /**
             * Constructs a new Header.
             * @param [properties] Properties to set
             */
            constructor(properties?: lockstep.data.Header.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Header versionMajor. */
            versionMajor: number;

            /** Header generation. */
            generation: number;

            /** Header round. */
            round: number;

            /** Header bucket. */
            bucket: number;

            /** Header phase. */
            phase: lockstep.data.Phase;

            /** Header chunk. */
            chunk: number;

            /** Header virtualBegin. */
            virtualBegin: number;

            /** Header virtualEnd. */
            virtualEnd: number;

            /** Header sender. */
            sender: number;

            /** Header payloadType. */
            payloadType: lockstep.data.PayloadType;

            /** Header payloadBytes. */
            payloadBytes: number;

            /** Header runTag. */
            runTag: number;

            /** Header segment. */
            segment: number;

            /** Header totalBytes. */
            totalBytes: number;

            /** Header crc32. */
            crc32: number;

            /** Header laneSum. */
            laneSum: number;

            /** Header laneTurn. */
            laneTurn: number;

            /**
             * Encodes the specified Header message. Does not implicitly {@link lockstep.data.Header.verify|verify} messages.
             * @param message Header message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: lockstep.data.Header.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Header message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {lockstep.data.Header & lockstep.data.Header.$Shape} Header
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): lockstep.data.Header & lockstep.data.Header.$Shape;
        }

        namespace Header {

            /** Properties of a Header. */
            interface $Properties {

                /** Header versionMajor */
                versionMajor?: (number|null);

                /** Header generation */
                generation?: (number|null);

                /** Header round */
                round?: (number|null);

                /** Header bucket */
                bucket?: (number|null);

                /** Header phase */
                phase?: (lockstep.data.Phase|null);

                /** Header chunk */
                chunk?: (number|null);

                /** Header virtualBegin */
                virtualBegin?: (number|null);

                /** Header virtualEnd */
                virtualEnd?: (number|null);

                /** Header sender */
                sender?: (number|null);

                /** Header payloadType */
                payloadType?: (lockstep.data.PayloadType|null);

                /** Header payloadBytes */
                payloadBytes?: (number|null);

                /** Header runTag */
                runTag?: (number|null);

                /** Header segment */
                segment?: (number|null);

                /** Header totalBytes */
                totalBytes?: (number|null);

                /** Header crc32 */
                crc32?: (number|null);

                /** Header laneSum */
                laneSum?: (number|null);

                /** Header laneTurn */
                laneTurn?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Header. */
            type $Shape = lockstep.data.Header.$Properties;
        }
    }
}
