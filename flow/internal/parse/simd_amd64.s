#include "textflag.h"

DATA zeros<>+0(SB)/8, $0x3030303030303030
DATA zeros<>+8(SB)/8, $0x3030303030303030
GLOBL zeros<>(SB), RODATA|NOPTR, $16
DATA tens<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA tens<>+8(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL tens<>(SB), RODATA|NOPTR, $16
DATA dots<>+0(SB)/8, $0x2e2e2e2e2e2e2e2e
DATA dots<>+8(SB)/8, $0x2e2e2e2e2e2e2e2e
GLOBL dots<>(SB), RODATA|NOPTR, $16

// Weights of the digits of a quad: tens and ones of each octet, hundreds.
DATA octets<>+0(SB)/8, $0x010a010a010a010a
DATA octets<>+8(SB)/8, $0x0064006400640064
GLOBL octets<>(SB), RODATA|NOPTR, $16

// Weights that make pairs, fours and eights of the digits of a number.
DATA pairs<>+0(SB)/8, $0x010a010a010a010a
DATA pairs<>+8(SB)/8, $0x010a010a010a010a
GLOBL pairs<>(SB), RODATA|NOPTR, $16
DATA fours<>+0(SB)/8, $0x0001006400010064
DATA fours<>+8(SB)/8, $0x0001006400010064
GLOBL fours<>(SB), RODATA|NOPTR, $16
DATA eights<>+0(SB)/8, $0x0001271000012710
DATA eights<>+8(SB)/8, $0x0001271000012710
GLOBL eights<>(SB), RODATA|NOPTR, $16

// Sixteen bytes from place n of slide move n digits to the right end.
DATA slide<>+0(SB)/8, $0x8080808080808080
DATA slide<>+8(SB)/8, $0x8080808080808080
DATA slide<>+16(SB)/8, $0x0706050403020100
DATA slide<>+24(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL slide<>(SB), RODATA|NOPTR, $32

// DIGITS loads sixteen bytes at SI into X1, digits as their values, and marks
// the bytes that are none in AX.
#define DIGITS \
	MOVOU  (SI), X1 \
	MOVO   X1, X0 \
	PSUBB  X8, X1 \
	MOVO   X1, X2 \
	PMAXUB X9, X2 \
	PCMPEQB X1, X2 \
	PMOVMSKB X2, AX

// QUAD reads a quad at SI into R10, its length into CX. M, in BX, are the
// marks of the first four bytes that are no digits.
#define QUAD \
	DIGITS \
	PCMPEQB X10, X0 \
	PMOVMSKB X0, R8 \
	LEAL  -1(AX), BX \
	ANDL  AX, BX \
	LEAL  -1(BX), CX \
	ANDL  BX, CX \
	LEAL  -1(CX), DX \
	ANDL  CX, DX \
	JZ    no \
	MOVL  DX, CX \
	NEGL  CX \
	ANDL  DX, CX \
	LEAL  -1(CX)(CX*1), BX \
	ANDL  AX, BX \
	MOVL  BX, DX \
	XORL  CX, DX \
	NOTL  R8 \
	TESTL R8, DX \
	JNZ   no \
	IMUL3L $0x29935e13, BX, DX \
	SHRL  $24, DX \
	SHLL  $5, DX \
	ADDQ  DI, DX \
	MOVWLZX 24(DX), R8 \
	CMPL  R8, BX \
	JNE   no \
	MOVOU (DX), X3 \
	PSHUFB X3, X1 \
	PMADDUBSW octets<>(SB), X1 \
	MOVO  X1, X2 \
	PSRLO $8, X2 \
	PADDW X2, X1 \
	MOVQ  16(DX), X3 \
	PCMPGTW X1, X3 \
	MOVQ  X3, DX \
	MOVQ  X1, AX \
	ANDQ  R11, AX \
	ORQ   DX, AX \
	JNZ   no \
	PACKUSWB X1, X1 \
	MOVQ  X1, R10 \
	BSWAPL R10 \
	BSFL  CX, CX

// NUMBER reads up to sixteen digits at SI into AX, their number into CX.
#define NUMBER \
	DIGITS \
	BSFL  AX, CX \
	JZ    no \
	TESTL CX, CX \
	JZ    no \
	MOVOU (R9)(CX*1), X3 \
	PSHUFB X3, X1 \
	PMADDUBSW X11, X1 \
	PMADDWL X12, X1 \
	PACKSSLW X1, X1 \
	PMADDWL X13, X1 \
	MOVQ  X1, DX \
	MOVL  DX, AX \
	IMULQ $100000000, AX \
	SHRQ  $32, DX \
	ADDQ  DX, AX

// COMMA steps over the field of length CX and the comma behind it.
#define COMMA \
	CMPB  (SI)(CX*1), $0x2c \
	JNE   no \
	LEAQ  1(SI)(CX*1), SI

// func tailSSE(b *byte, shapes *shape, t *Tail) int
TEXT ·tailSSE(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), SI
	MOVQ  shapes+8(FP), DI
	MOVQ  t+16(FP), R12
	MOVOU zeros<>(SB), X8
	MOVOU tens<>(SB), X9
	MOVOU dots<>(SB), X10
	MOVOU pairs<>(SB), X11
	MOVOU fours<>(SB), X12
	MOVOU eights<>(SB), X13
	LEAQ  slide<>(SB), R9
	MOVQ  $0xff00ff00ff00ff00, R11

	QUAD
	MOVL  R10, 0(R12)
	COMMA
	NUMBER
	MOVQ  AX, 8(R12)
	COMMA
	QUAD
	MOVL  R10, 4(R12)
	COMMA
	NUMBER
	MOVQ  AX, 16(R12)
	COMMA
	NUMBER
	MOVQ  AX, 24(R12)
	COMMA
	NUMBER
	MOVQ  AX, 32(R12)
	ADDQ  CX, SI
	SUBQ  b+0(FP), SI
	MOVQ  SI, ret+24(FP)
	RET

no:
	MOVQ  $0, ret+24(FP)
	RET

// func quadSSE(b *byte, shapes *shape) (v uint32, n int)
TEXT ·quadSSE(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), SI
	MOVQ  shapes+8(FP), DI
	MOVOU zeros<>(SB), X8
	MOVOU tens<>(SB), X9
	MOVOU dots<>(SB), X10
	MOVQ  $0xff00ff00ff00ff00, R11
	QUAD
	MOVL  R10, v+16(FP)
	MOVQ  CX, n+24(FP)
	RET

no:
	MOVL  $0, v+16(FP)
	MOVQ  $0, n+24(FP)
	RET
