// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IAppAuth} from "./IAppAuth.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// @title UpgradeOperator: what a Replicatoor node may hand its state to, and take it from.
/// @notice One rule governs everything: what loosens the policy waits at least `minDelay`, never
///         under 48 hours, in public; what tightens it acts in the same block.
///         | loosens, waits                          | tightens, at once                       |
///         | an entry is proposed                    | an entry is revoked, or ends earlier    |
///         | the identity is changed                 | a proposed identity is taken back       |
///         | a guardian goes; another owner comes    | a change of owner is taken back         |
///         |                                         | minEpoch rises                          |
///         The entries of the constructor and the first identity act at once: before the first no
///         node can have pinned this address, before the second none gives anything away.
/// @dev Not upgradable, without a call to other contracts, holds no money. Time alone makes an entry
///      active: nobody has to execute anything. Storage layout: STORAGE.md, which clients read by
///      eth_getProof; a variable must not move.
contract UpgradeOperator is Ownable2Step, ERC165, IAppAuth {
    struct Entry {
        uint64 notBefore; // approved from this second
        uint64 notAfter; // until before this one
        uint64 proposedAt; // when the present proposal was made
        uint64 position; // index in the list + 1; 0: never proposed
    }

    struct Genesis {
        bytes32 kind;
        bytes32 value;
        bytes info;
    }

    struct Key {
        bytes32 kind;
        bytes32 value;
    }

    struct Item {
        bytes32 kind;
        bytes32 value;
        Entry entry;
        Status status;
    }

    struct Pin {
        bytes32 digest; // SHA-256("replicatoor/v1/identity" . identity public); 0: none
        address xPub; // the address of its secp256k1 key
        uint48 from; // in force from this second
        uint48 proposedAt;
    }

    enum Status {
        None, // never proposed
        Pending, // waits for its time
        Active, // approved now
        Closed // taken back, revoked, or its time is over
    }

    // The kinds this contract itself looks at; others are as good (STORAGE.md names them all).
    bytes32 public constant KIND_RELEASE = keccak256("replicatoor-release");
    bytes32 public constant KIND_GUARDIAN = keccak256("guardian");
    bytes32 public constant KIND_MRTD = keccak256("mrtd-tuple");
    bytes32 public constant KIND_COMPOSE = keccak256("compose-hash");
    bytes32 public constant KIND_OS_IMAGE = keccak256("os-image");
    bytes32 public constant KIND_DEVICE = keccak256("device");
    bytes32 public constant KIND_TCB = keccak256("tcb-status");
    bytes32 public constant KIND_ADVISORY = keccak256("tolerated-advisory");
    /// @notice As the value of a device, a TCB status or an advisory: any.
    bytes32 public constant ANY = bytes32(type(uint256).max);

    uint64 public constant DELAY_FLOOR = 48 hours;
    uint64 public constant DELAY_CEILING = 365 days;
    uint64 public constant NEVER = type(uint64).max;
    /// @notice minEpoch rises by at most this at a time: a slip of the pen cannot end all hand-overs.
    uint64 public constant EPOCH_STEP = 1000;

    uint64 public immutable minDelay;

    // Slot 0 is Ownable's owner; slot 1 Ownable2Step's pending owner and, beside it:
    uint64 private _ownerFrom; // when the pending owner may accept; 0: there is none
    mapping(bytes32 kind => mapping(bytes32 value => Entry)) private _entries; // slot 2
    Key[] private _keys; // slot 3, append only, each pair once
    Pin private _pin; // slots 4, 5
    Pin private _nextPin; // slots 6, 7
    uint64 public minEpoch; // slot 8

    event Proposed(
        bytes32 indexed kind, bytes32 indexed value, address indexed by, uint64 notBefore, uint64 notAfter, bytes info
    );
    event Revoked(bytes32 indexed kind, bytes32 indexed value, address indexed by, Status was, string reason);
    event Sunset(bytes32 indexed kind, bytes32 indexed value, address indexed by, uint64 notAfter);
    event IdentityProposed(bytes32 indexed digest, address indexed xPub, uint64 from, bytes identityPublic, bytes info);
    event IdentityCancelled(bytes32 indexed digest, address indexed by, string reason);
    event MinEpochRaised(uint64 from, uint64 to);
    event OwnershipAcceptableFrom(address indexed newOwner, uint64 from);
    event OwnershipTransferCancelled(address indexed newOwner, address indexed by);

    error DelayOutOfRange(uint64 given, uint64 least, uint64 most);
    error TooEarly(uint64 given, uint64 least);
    error AlreadyLive(bytes32 kind, bytes32 value);
    error NotLive(bytes32 kind, bytes32 value);
    error EmptyWindow(uint64 notBefore, uint64 notAfter);
    error OnlyShortens(uint64 given, uint64 present);
    error NotOwnerNorGuardian(address who);
    error GuardianNeedsNotice(uint64 earliest);
    error NotAnAddress(bytes32 value);
    error WrongLength(uint256 given, uint256 expected);
    error IdentityPending(bytes32 digest);
    error NothingPending();
    error EpochStep(uint64 present, uint64 given);
    error RenounceDisabled();

    modifier onlyOwnerOrGuardian() {
        if (msg.sender != owner() && !isGuardian(msg.sender)) revert NotOwnerNorGuardian(msg.sender);
        _;
    }

    constructor(address owner_, uint64 minDelay_, Genesis[] memory genesis) Ownable(owner_) {
        if (minDelay_ < DELAY_FLOOR || minDelay_ > DELAY_CEILING) {
            revert DelayOutOfRange(minDelay_, DELAY_FLOOR, DELAY_CEILING);
        }
        minDelay = minDelay_;
        for (uint256 i = 0; i < genesis.length; ++i) {
            _put(genesis[i].kind, genesis[i].value, _now(), NEVER, genesis[i].info);
        }
    }

    // ---- what loosens: waits ----

    /// @param notBefore 0: as early as the delay allows
    /// @param notAfter 0: until revoked
    /// @param info what others need to judge it: a URI, or the preimage of `value`
    function propose(bytes32 kind, bytes32 value, uint64 notBefore, uint64 notAfter, bytes calldata info)
        external
        onlyOwner
    {
        _propose(kind, value, notBefore, notAfter, info);
    }

    /// @notice A release of Replicatoor, published in full: everybody can recompute and read it.
    /// @param measurements mrtd . rtmr0 . rtmr1 . rtmr2, 192 bytes; the event's info is these, then the file
    function proposeRelease(bytes calldata appCompose, bytes calldata measurements) external onlyOwner {
        _expectLength(measurements.length, 192);
        bytes32 value = releaseKey(sha256(appCompose), sha256(measurements));
        _propose(KIND_RELEASE, value, 0, 0, abi.encodePacked(measurements, appCompose));
    }

    /// @notice A compose file for `isAppAllowed`, published in full.
    function proposeCompose(bytes calldata appCompose) external onlyOwner {
        _propose(KIND_COMPOSE, sha256(appCompose), 0, 0, appCompose);
    }

    /// @notice The tuple of `get_mrtd`; the event's info is the tuple itself.
    function proposeMeasurement(bytes memory rootfs_hash, bytes memory mrtd, bytes memory rtmr0, bytes memory rtmr3)
        external
        onlyOwner
    {
        bytes32 value = mrtdKey(rootfs_hash, mrtd, rtmr0, rtmr3);
        _propose(KIND_MRTD, value, 0, 0, abi.encodePacked(rootfs_hash, mrtd, rtmr0, rtmr3));
    }

    /// @notice Pins who the app is: the first time at once, from then on after the delay.
    /// @param identityPublic ed25519(32) . compressed secp256k1(33), as a node's status shows it
    function setIdentity(bytes calldata identityPublic, bytes calldata info) external onlyOwner {
        _expectLength(identityPublic.length, 65);
        Pin memory next = Pin({
            digest: sha256(abi.encodePacked("replicatoor/v1/identity", identityPublic)),
            xPub: Secp256k1.addressOf(identityPublic[32], uint256(bytes32(identityPublic[33:]))),
            from: uint48(block.timestamp),
            proposedAt: uint48(block.timestamp)
        });
        _settlePin();
        if (_nextPin.digest != 0) revert IdentityPending(_nextPin.digest);
        if (_pin.digest == 0) {
            _pin = next;
        } else {
            next.from += uint48(minDelay);
            _nextPin = next;
        }
        emit IdentityProposed(next.digest, next.xPub, next.from, identityPublic, info);
    }

    /// @notice The new owner may accept after the delay: the old one loses the power to revoke.
    ///         Zero takes a transfer back.
    function transferOwnership(address newOwner) public override onlyOwner {
        super.transferOwnership(newOwner);
        _ownerFrom = newOwner == address(0) ? 0 : _now() + minDelay;
        emit OwnershipAcceptableFrom(newOwner, _ownerFrom);
    }

    function acceptOwnership() public override {
        if (_ownerFrom == 0) revert NothingPending();
        if (pendingOwner() == msg.sender && _now() < _ownerFrom) revert TooEarly(_now(), _ownerFrom);
        super.acceptOwnership();
        _ownerFrom = 0;
    }

    // ---- what tightens: at once ----

    /// @notice Takes back what is pending, revokes what is active.
    function revoke(bytes32 kind, bytes32 value, string calldata reason) external onlyOwnerOrGuardian {
        Entry storage e = _entries[kind][value];
        Status was = _liveStatus(kind, value);
        // Taking a guardian away loosens; only the owner may, and only while it waits itself.
        if (kind == KIND_GUARDIAN && (was == Status.Active || msg.sender != owner())) {
            revert GuardianNeedsNotice(_now() + minDelay);
        }
        e.notAfter = _now();
        emit Revoked(kind, value, msg.sender, was, reason);
    }

    /// @notice Brings forward the end of an entry, say to retire an old release some weeks from now.
    function sunset(bytes32 kind, bytes32 value, uint64 notAfter) external onlyOwner {
        Entry storage e = _entries[kind][value];
        _liveStatus(kind, value);
        if (notAfter >= e.notAfter) revert OnlyShortens(notAfter, e.notAfter);
        if (notAfter <= _now()) revert TooEarly(notAfter, _now() + 1);
        if (kind == KIND_GUARDIAN && notAfter < _now() + minDelay) {
            revert GuardianNeedsNotice(_now() + minDelay);
        }
        e.notAfter = notAfter;
        emit Sunset(kind, value, msg.sender, notAfter);
    }

    /// @notice Takes back a change of the identity that is not yet in force.
    function cancelIdentity(string calldata reason) external onlyOwnerOrGuardian {
        _settlePin();
        bytes32 digest = _nextPin.digest;
        if (digest == 0) revert NothingPending();
        delete _nextPin;
        emit IdentityCancelled(digest, msg.sender, reason);
    }

    /// @notice A state whose highest epoch is lower is neither given nor taken. It never falls.
    function raiseMinEpoch(uint64 to) external onlyOwner {
        uint64 present = minEpoch;
        if (to <= present || to - present > EPOCH_STEP) revert EpochStep(present, to);
        minEpoch = to;
        emit MinEpochRaised(present, to);
    }

    /// @notice Takes back a change of owner.
    function cancelTransfer() external onlyOwnerOrGuardian {
        address newOwner = pendingOwner();
        if (newOwner == address(0)) revert NothingPending();
        _ownerFrom = 0;
        emit OwnershipTransferCancelled(newOwner, msg.sender);
    }

    /// @dev Without an owner nobody could tighten.
    function renounceOwnership() public view override onlyOwner {
        revert RenounceDisabled();
    }

    // ---- views ----

    function isApproved(bytes32 kind, bytes32 value) public view returns (bool) {
        return _status(_entries[kind][value]) == Status.Active;
    }

    function isGuardian(address who) public view returns (bool) {
        return isApproved(KIND_GUARDIAN, bytes32(uint256(uint160(who))));
    }

    function entry(bytes32 kind, bytes32 value) external view returns (Entry memory e, Status status) {
        e = _entries[kind][value];
        status = _status(_entries[kind][value]);
    }

    /// @notice How many pairs were ever proposed.
    function count() external view returns (uint256) {
        return _keys.length;
    }

    /// @notice The pairs ever proposed, oldest first: at most `limit` of them, from number `offset` on.
    function list(uint256 offset, uint256 limit) external view returns (Item[] memory items) {
        uint256 n = _keys.length;
        if (offset > n) offset = n;
        if (limit > n - offset) limit = n - offset;
        items = new Item[](limit);
        for (uint256 i = 0; i < limit; ++i) {
            Key storage k = _keys[offset + i];
            Entry storage e = _entries[k.kind][k.value];
            items[i] = Item(k.kind, k.value, e, _status(e));
        }
    }

    /// @notice The identity in force; 0: none yet.
    function identity() external view returns (bytes32) {
        return _pinInForce().digest;
    }

    /// @notice The address that signs for the identity in force; 0: none yet.
    function xPub() external view returns (address) {
        return _pinInForce().xPub;
    }

    /// @notice A change of the identity that is not yet in force; zeros: none.
    function pendingIdentity() external view returns (Pin memory next) {
        if (_nextPin.from > block.timestamp) next = _nextPin;
    }

    function pendingOwner() public view override returns (address) {
        return _ownerFrom == 0 ? address(0) : super.pendingOwner();
    }

    /// @notice From when the pending owner may accept; 0: there is none.
    function pendingOwnerFrom() external view returns (uint64) {
        return _ownerFrom;
    }

    function releaseKey(bytes32 composeHash, bytes32 imageHash) public pure returns (bytes32) {
        return keccak256(abi.encode(composeHash, imageHash));
    }

    function mrtdKey(bytes memory rootfs_hash, bytes memory mrtd, bytes memory rtmr0, bytes memory rtmr3)
        public
        pure
        returns (bytes32)
    {
        _expectLength(rootfs_hash.length, 32);
        _expectLength(mrtd.length, 48);
        _expectLength(rtmr0.length, 48);
        _expectLength(rtmr3.length, 48);
        return keccak256(abi.encodePacked(rootfs_hash, mrtd, rtmr0, rtmr3));
    }

    /// @notice The tuple names no kernel (RTMR1, RTMR2): enough for old clients, not for a node of ours.
    function get_mrtd(bytes memory rootfs_hash, bytes memory mrtd, bytes memory rtmr0, bytes memory rtmr3)
        external
        view
        returns (bool)
    {
        return isApproved(KIND_MRTD, mrtdKey(rootfs_hash, mrtd, rtmr0, rtmr3));
    }

    /// @notice The same by its key.
    function rtmrs(bytes32 value) external view returns (bool) {
        return isApproved(KIND_MRTD, value);
    }

    /// @notice What Dstack's KMS asks, so that this contract can be an app's authority there.
    function isAppAllowed(AppBootInfo calldata b) external view override returns (bool, string memory) {
        if (!_approvedOrAny(KIND_TCB, keccak256(bytes(b.tcbStatus)))) return (false, "TCB status not allowed");
        for (uint256 i = 0; i < b.advisoryIds.length; ++i) {
            if (!_approvedOrAny(KIND_ADVISORY, keccak256(bytes(b.advisoryIds[i])))) {
                return (false, "advisory not tolerated");
            }
        }
        if (!_approvedOrAny(KIND_DEVICE, b.deviceId)) return (false, "device not allowed");
        if (!isApproved(KIND_COMPOSE, b.composeHash)) return (false, "compose hash not allowed");
        if (!isApproved(KIND_OS_IMAGE, b.osImageHash)) return (false, "OS image not allowed");
        return (true, "");
    }

    function supportsInterface(bytes4 id) public view override returns (bool) {
        return id == type(IAppAuth).interfaceId || super.supportsInterface(id);
    }

    // ---- inside ----

    function _now() private view returns (uint64) {
        return uint64(block.timestamp);
    }

    function _expectLength(uint256 given, uint256 expected) private pure {
        if (given != expected) revert WrongLength(given, expected);
    }

    function _approvedOrAny(bytes32 kind, bytes32 value) private view returns (bool) {
        return isApproved(kind, value) || isApproved(kind, ANY);
    }

    function _status(Entry storage e) private view returns (Status) {
        if (e.position == 0) return Status.None;
        if (block.timestamp >= e.notAfter) return Status.Closed;
        return block.timestamp >= e.notBefore ? Status.Active : Status.Pending;
    }

    function _liveStatus(bytes32 kind, bytes32 value) private view returns (Status status) {
        status = _status(_entries[kind][value]);
        if (status != Status.Pending && status != Status.Active) revert NotLive(kind, value);
    }

    function _propose(bytes32 kind, bytes32 value, uint64 notBefore, uint64 notAfter, bytes memory info) private {
        uint64 least = _now() + minDelay;
        if (notBefore == 0) notBefore = least;
        if (notAfter == 0) notAfter = NEVER;
        if (notBefore < least) revert TooEarly(notBefore, least);
        if (notAfter <= notBefore) revert EmptyWindow(notBefore, notAfter);
        _put(kind, value, notBefore, notAfter, info);
    }

    function _put(bytes32 kind, bytes32 value, uint64 notBefore, uint64 notAfter, bytes memory info) private {
        if (kind == KIND_GUARDIAN && (value == 0 || uint256(value) > type(uint160).max)) revert NotAnAddress(value);
        Entry storage e = _entries[kind][value];
        uint64 position = e.position;
        if (position == 0) {
            _keys.push(Key(kind, value));
            position = uint64(_keys.length);
        } else if (_status(e) != Status.Closed) {
            revert AlreadyLive(kind, value);
        }
        _entries[kind][value] = Entry(notBefore, notAfter, _now(), position);
        emit Proposed(kind, value, msg.sender, notBefore, notAfter, info);
    }

    /// A change whose time has come becomes the pin itself, so that another one can wait.
    function _settlePin() private {
        if (_nextPin.digest == 0 || _nextPin.from > block.timestamp) return;
        _pin = _nextPin;
        delete _nextPin;
    }

    function _pinInForce() private view returns (Pin memory) {
        return _nextPin.digest != 0 && _nextPin.from <= block.timestamp ? _nextPin : _pin;
    }
}
