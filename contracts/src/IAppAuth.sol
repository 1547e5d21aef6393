// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The question that Dstack's KMS asks an app's contract (ERC-165 id 0x1e079198).
interface IAppAuth {
    struct AppBootInfo {
        address appId;
        bytes32 composeHash;
        address instanceId;
        bytes32 deviceId;
        bytes32 mrAggregated;
        bytes32 mrSystem;
        bytes32 osImageHash; // Dstack's own, not Replicatoor's image_hash
        string tcbStatus;
        string[] advisoryIds;
    }

    function isAppAllowed(AppBootInfo calldata bootInfo) external view returns (bool isAllowed, string memory reason);
}
