;; What both plug-ins need: OSC in files, and the spool (bridge/segue_bridge/spool.py).
;; Audacity's XLISP cannot rename, delete, sleep, or run a program, and its big-endian doubles are broken.

(setf *breakenable* nil) ; a fault ends what runs; nobody could answer XLISP's debugger
(setf *float-format* "%.17g") ; else numbers lose digits on their way into text
(setf segue-patience 5) ; seconds in which a daemon that lives has said so
(setf segue-silence 2) ; seconds without an answer after which it is asked again
(setf segue-limit 20) ; seconds after which we stop waiting: Audacity stands still meanwhile

(defun segue-path (name) (strcat segue-spool "/" name))

;; OSC to bytes. Times that we send are all 0, which stands for "all" and "four beats".

(defun osc-string (text)
  (let ((bytes nil))
    (dotimes (i (length text)) (push (char-code (char text i)) bytes))
    (dotimes (i (- 4 (rem (length text) 4))) (push 0 bytes))
    (reverse bytes)))

(defun osc-int (n)
  (mapcar #'(lambda (unit) (logand 255 (/ n unit))) '(16777216 65536 256 1)))

(defun osc-pack (address tags &rest values)
  (let ((bytes (append (osc-string address) (osc-string (strcat "," tags)))))
    (dotimes (i (length tags) bytes)
      (let ((value (nth i values)))
        (setf bytes (append bytes (case (char tags i)
                                    (#\s (osc-string value))
                                    (#\i (osc-int value))
                                    (#\d (list 0 0 0 0 0 0 0 0)))))))))

;; Bytes to OSC: a message is a list of its address and its values.

(defun osc-read-string (stream)
  (let ((text (make-string-output-stream)) (count 0))
    (do ((byte (read-byte stream) (read-byte stream)))
        ((or (null byte) (= byte 0)))
      (write-char (int-char byte) text)
      (setf count (1+ count)))
    (dotimes (i (- 3 (rem count 4))) (read-byte stream))
    (get-output-stream-string text)))

(defun osc-read-double (stream)
  (let* ((high (read-int stream)) (low (read-int stream))
         (mantissa (+ (* 4294967296.0 (logand high 1048575)) (if (< low 0) (+ low 4294967296) low))))
    (if (= high low 0) 0.0
        (* (+ 1 (/ mantissa 4503599627370496.0)) (expt 2.0 (- (logand 2047 (/ high 1048576)) 1023))))))

(defun osc-read-message (stream)
  (let ((message (list (osc-read-string stream))) (tags (osc-read-string stream)))
    (do ((i 1 (1+ i)))
        ((>= i (length tags)) (reverse message))
      (push (case (char tags i)
              (#\s (osc-read-string stream))
              (#\i (read-int stream))
              (#\f (read-float stream 4))
              (#\d (osc-read-double stream)))
            message))))

(defun segue-read-file (name)
  (let ((stream (open-binary name)) (messages nil))
    (when stream
      (do ((size (read-int stream) (read-int stream)))
          ((null size))
        (push (osc-read-message stream) messages))
      (close stream))
    (reverse messages)))

;; The spool.

(defun segue-alive ()
  (let* ((stream (open (segue-path "daemon.alive"))) (line (if stream (read-line stream))))
    (if stream (close stream))
    line))

;; Writes packets as one file for the daemon. They stay below one buffer of 4096 bytes, so the file is empty, then whole.
(defun segue-write (name packets)
  (let ((stream (open-binary name :direction :output)))
    (when stream
      (dolist (packet packets)
        (dolist (byte (append (osc-int (length packet)) packet)) (write-byte byte stream)))
      (close stream)
      t)))

;; One file of packets for the daemon; its name, or nil where the folder is gone.
(defun segue-say (&rest packets)
  (let ((name (segue-path (format nil "to_daemon/~a-audacity.osc" (truncate (* 1000000 (get-real-time)))))))
    (if (segue-write name packets) name)))

(setf segue-hello (osc-pack "/segue/hello" "isss" 1 "Audacity" segue-version segue-spool))

(defun segue-answers () ; their names sort by time
  (sort (remove-if-not #'(lambda (name) (string-search ".osc" name)) (listdir (segue-path "to_host"))) #'string<))

(setf segue-last (or (car (last (segue-answers))) "")) ; what came before is for nobody

(defun segue-take ()
  (let ((messages nil))
    (dolist (name (segue-answers) messages)
      (when (string> name segue-last)
        (setf segue-last name)
        (setf messages (append messages (segue-read-file (segue-path (strcat "to_host/" name)))))))))

(defun segue-of (address messages)
  (remove-if-not #'(lambda (message) (string= address (car message))) messages))

;; Takes one message in. Returns :again where the request must be said again, :more where something of the answer is
;; lost, and what it is where it ends the answer: t, or a sentence for the user.
(defun segue-take-in (message ending)
  (let ((address (car message)) (code (nth 2 message)))
    (cond
      ((and (string= address "/segue/error") (member code '("bad_packet" "unknown_job") :test #'equal))
       (if (string= code "bad_packet") :again :unknown)) ; it was taken while it was empty; or lost
      ((string= address "/segue/error") (nth 3 message))
      ((string= address "/segue/cancelled") "The work was cancelled; run this again.")
      ((string= address "/segue/progress") (setf segue-part (nth 2 message)) nil)
      (t
       (unless (member message segue-found :test #'equal) (push message segue-found))
       (cond
         ((string/= address ending) nil)
         ((string/= address "/segue/done") t)
         ((and (= (nth 2 message) (length (segue-of "/segue/cut" segue-found)))
               (= (nth 3 message) (length (segue-of "/segue/transition" segue-found)))) t)
         (t :more))))))

(setf segue-gone "Segue is not running: start it with `segue serve` in a terminal, then run this again.")
(setf segue-busy "Segue is at work (~a % done) and goes on: run this again in a minute.")

;; Asks the daemon about a job by `request`, and by `reminder` where nothing comes. Returns t when the message with the
;; address `ending` is there, all of its answer in segue-found; :unknown where the daemon does not know the job; or a
;; sentence for the user.
(defun segue-ask (job request reminder ending)
  (setf segue-found nil segue-part 0)
  (let* ((alive (segue-alive)) (names (if alive (list (segue-say segue-hello request))))
         (start (get-real-time)) (heard start) (lived start) (end nil))
    (cond
      ((null alive) segue-gone)
      ((null (car names)) "Segue's folder is gone: run `segue install audacity` in a terminal.")
      (t
       (loop
         (dolist (message (segue-take))
           (when (member (nth 1 message) (list job -1))
             (setf heard (get-real-time) lived heard)
             (unless (member end '(nil :again :more)) (return))
             (setf end (segue-take-in message ending))
             (if (and (eq end :unknown) (not (eq request reminder))) (setf end :again))
             (if (eq end :again) (push (segue-say request) names))
             (if (eq end :more) (segue-say reminder))))
         (if (or (eq end t) (eq end :unknown) (stringp end)) (return end))
         (unless (equal alive (segue-alive)) (setf alive (segue-alive) lived (get-real-time)))
         (when (or (null alive) (> (- (get-real-time) lived) segue-patience))
           (dolist (name names) (segue-write name (list segue-hello))) ; the next daemon has no work for nobody
           (return segue-gone))
         (when (> (- (get-real-time) heard) segue-silence)
           (setf heard (get-real-time))
           (segue-say reminder))
         (if (> (- (get-real-time) start) segue-limit)
             (return (format nil segue-busy (truncate (* 100 segue-part))))))))))

(defun segue-options (least most) ; 0: Segue's own choice
  (format nil "{~a~a~a}" (if (> least 0) (format nil "\"min_score\": ~a" least) "")
          (if (and (> least 0) (> most 0)) ", " "") (if (> most 0) (format nil "\"top\": ~a" most) "")))

;; Asks for the cuts of the recording that was written last, as a job of this number.
(defun segue-ask-cuts (job least most)
  (segue-ask job (osc-pack "/segue/analyze" "isdds" job (segue-path "selection.au") 0 0 (segue-options least most))
             (osc-pack "/segue/resend" "i" job) "/segue/done"))

;; Audacity shows a text that a plug-in returns.
(defun segue-tell (sentence) sentence)

(defun segue-run (work)
  (let ((result (errset (funcall work) nil)))
    (cond
      ((null result) (segue-tell "Please report this: Segue's plug-in failed."))
      ((and (stringp (car result)) (string/= (car result) "")) (segue-tell (car result)))
      (t (car result)))))
